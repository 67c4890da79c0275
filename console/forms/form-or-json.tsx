// The fields of a configuration, and the same as JSON for what they don't cover.
import type { ReactNode } from "react";
import { TextArea } from "../ui/field.tsx";
import { Tabs } from "../ui/tabs.tsx";
import type { EditedJson } from "./edited-json.ts";
import { HIDDEN } from "./json-schema.ts";

interface Props {
  /** What is written as JSON, as its field is called. */
  readonly label: string;
  readonly edited: EditedJson;
  readonly children: ReactNode;
}

export function FormOrJson({ label, edited, children }: Props) {
  const { view, text, wrong } = edited;
  return (
    <Tabs
      label="How to edit"
      selected={view}
      onSelect={edited.show}
      tabs={[
        { key: "form", name: "Form", panel: <div className="form-panel">{children}</div> },
        {
          key: "advanced",
          name: "Advanced",
          panel: (
            <div className="form-panel">
              <TextArea
                label={label}
                value={text}
                rows={20}
                spellCheck={false}
                error={wrong}
                hint={
                  <>
                    As JSON; every field is described in <a href="/docs">the API's description</a>. A secret
                    is shown as “{HIDDEN}” and stays as it is where that is sent back.
                  </>
                }
                onChange={({ target }) => edited.type(target.value)}
              />
            </div>
          ),
        },
      ]}
    />
  );
}
