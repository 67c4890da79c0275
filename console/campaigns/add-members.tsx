import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { upload } from "../api/upload.ts";
import { Button } from "../ui/button.tsx";
import { Frame } from "../ui/dialog.tsx";
import { TextArea } from "../ui/field.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";
import { numbers } from "../ui/page.tsx";

interface Added {
  readonly added: number;
  readonly duplicates: number;
  readonly invalid: readonly {
    readonly line: number;
    readonly errors: readonly { readonly path: string; readonly message: string }[];
  }[];
}

const MAX_SHOWN = 20;

export function AddMembers({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [found, setFound] = useState<Added>();
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);

  async function add(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const file = form.get("file");
    const body = file instanceof File && file.size > 0 ? file : String(form.get("lines") ?? "");
    setBusy(true);
    setProblem(undefined);
    try {
      setFound(await upload<Added>(`/api/campaigns/${encodeURIComponent(id)}/members`, body));
      await queries.invalidateQueries({ queryKey: ["campaigns"] });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }

  return (
    <Frame title="Add members" onClose={onClose}>
      <form className="dialog-body" onSubmit={(event) => void add(event)}>
        <TextArea
          label="Members"
          name="lines"
          rows={6}
          spellCheck={false}
          placeholder={'{"email": "ada@example.com", "full_name": "Ada Lovelace"}'}
          hint="One JSON object a line. Who is in already is not added again."
        />
        <label className="file">
          Or a file with such lines
          <input type="file" name="file" accept=".ndjson,.jsonl,.json,.txt" />
        </label>
        {problem !== undefined && <ProblemNotice problem={problem} />}
        {found !== undefined && <Result found={found} />}
        <div className="dialog-buttons">
          <Button onClick={onClose}>{found === undefined ? "Cancel" : "Close"}</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Add
          </Button>
        </div>
      </form>
    </Frame>
  );
}

function Result({ found: { added, duplicates, invalid } }: { readonly found: Added }) {
  return (
    <Notice tone={invalid.length > 0 ? "warn" : "good"} title={`${numbers.format(added)} added`}>
      <p>{`${numbers.format(duplicates)} were there before, ${numbers.format(invalid.length)} are invalid.`}</p>
      {invalid.length > 0 && (
        <ul className="notice-list">
          {invalid.slice(0, MAX_SHOWN).map(({ line, errors }) => (
            <li key={line}>
              {`Line ${line}: ${errors.map(({ path, message }) => `${path} ${message}`.trim()).join("; ")}`}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}
