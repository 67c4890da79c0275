// A configuration that is edited as fields or as JSON, whichever is open; both are the same value.
import { useState } from "react";
import type { Fields } from "./json-schema.ts";

export type View = "form" | "advanced";

export interface EditedJson {
  readonly view: View;
  readonly text: string;
  readonly value: Fields;
  /** Why the text can't be read; the fields stay closed until it can. */
  readonly wrong: string | undefined;
  show(view: View): void;
  type(text: string): void;
  change(value: Fields): void;
}

const written = (value: Fields): string => JSON.stringify(value, null, 2);

export function useEditedJson(initial: () => Fields): EditedJson {
  const [value, setValue] = useState(initial);
  const [view, setView] = useState<View>("form");
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string>();
  return {
    view,
    text,
    value,
    wrong,
    show(next) {
      if (next === "advanced") setText(written(value));
      else if (wrong !== undefined) return;
      setView(next);
    },
    type(typed) {
      setText(typed);
      try {
        const read: unknown = JSON.parse(typed);
        if (typeof read !== "object" || read === null || Array.isArray(read))
          throw new Error("an object with fields is needed");
        setValue(read as Fields);
        setWrong(undefined);
      } catch (error) {
        setWrong(`This can't be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    change(next) {
      setValue(next);
      setText(written(next));
      setWrong(undefined);
    },
  };
}
