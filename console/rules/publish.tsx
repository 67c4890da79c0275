import { useState } from "react";
import { call, Problem } from "../api/client.ts";
import type { Findings, RuleSet } from "../api/shapes.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Checkbox, Field } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { ChangesList } from "./changes-list.tsx";
import { changes, type Draft } from "./draft.ts";
import { Witness } from "./witness.tsx";

type Conflicts = Findings["conflicts"];

interface Props {
  readonly draft: Draft;
  readonly onPublished: (rules: RuleSet) => void;
  /** A colleague was faster. */
  readonly onMoved: () => void;
  readonly onClose: () => void;
}

export function Publish({ draft, onPublished, onMoved, onClose }: Props) {
  const [conflicts, setConflicts] = useState<Conflicts>([]);
  const [isForced, setForced] = useState(false);
  const found = changes(draft.base.rules, draft.rules);

  async function publish(form: FormData): Promise<void> {
    const reason = String(form.get("reason") ?? "").trim();
    const body = {
      rules: draft.rules,
      expected_version: draft.base.version,
      ...(reason !== "" && { reason }),
      ...(isForced && { force: true }),
    };
    try {
      onPublished(await call<RuleSet>("PUT", "/api/rules", { body }));
    } catch (error) {
      if (error instanceof Problem && error.status === 409) return onMoved();
      if (error instanceof Problem && Array.isArray(error.more.conflicts))
        setConflicts(error.more.conflicts as Conflicts);
      throw error;
    }
  }

  return (
    <Confirm
      title={`Publish ${found.length} ${found.length === 1 ? "change" : "changes"}?`}
      verb="Publish"
      onConfirm={publish}
      onClose={onClose}
    >
      <p>Every router uses the new rules within two seconds.</p>
      <ChangesList changes={found} />
      <Field
        label="Reason"
        name="reason"
        autoFocus
        maxLength={1000}
        hint="Stands in the history and in the audit."
      />
      {conflicts.length > 0 && (
        <Notice tone="warn" title={`${conflicts.length} conflicts`}>
          {conflicts.map(({ rules, witness }) => (
            <div key={rules.join(" ")}>
              <p>{`${rules.join(" and ")} match the same submission and lead elsewhere.`}</p>
              <Witness witness={witness} />
            </div>
          ))}
          <Checkbox
            label="Publish in spite of the conflicts"
            checked={isForced}
            onChange={({ target }) => setForced(target.checked)}
          />
        </Notice>
      )}
    </Confirm>
  );
}
