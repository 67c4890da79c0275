import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, Problem } from "../api/client.ts";
import type { Findings, RuleSet } from "../api/shapes.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Checkbox, Field } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { counted } from "../ui/page.tsx";
import { ChangesList } from "./changes-list.tsx";
import { checkOf } from "./checked.ts";
import { changes, type Draft } from "./draft.ts";
import { Witness } from "./witness.tsx";

type Conflicts = Findings["conflicts"];

interface Props {
  readonly draft: Draft;
  readonly onPublished: (rules: RuleSet) => Promise<void>;
  /** A colleague was faster. */
  readonly onMoved: () => void;
  readonly onClose: () => void;
}

export function Publish({ draft, onPublished, onMoved, onClose }: Props) {
  const [isForced, setForced] = useState(false);
  const [refused, setRefused] = useState<Conflicts>([]);
  const found = changes(draft.base.rules, draft.rules);
  // Asked first, so that whoever publishes sees conflicts before anything is refused.
  const check = checkOf(draft.rules);
  const queries = useQueryClient();
  const checked = useQuery(check);
  const conflicts = refused.length > 0 ? refused : (checked.data?.conflicts ?? []);
  const nameOf = (id: string): string => draft.rules.find((rule) => rule.id === id)?.name ?? id;

  async function publish(form: FormData): Promise<unknown> {
    const reason = String(form.get("reason") ?? "").trim();
    const body = {
      rules: draft.rules,
      expected_version: draft.base.version,
      reason,
      ...(isForced && { force: true }),
    };
    // Who is quicker than the check waits for it here.
    const waitedFor = isForced ? undefined : await queries.ensureQueryData(check).catch(() => undefined);
    if (waitedFor !== undefined && waitedFor.conflicts.length > 0) return "stay";
    try {
      return await onPublished(await call<RuleSet>("PUT", "/api/rules", { body }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 409) return onMoved();
      if (!Array.isArray(error.more.conflicts)) throw error;
      setRefused(error.more.conflicts as Conflicts);
      return "stay";
    }
  }

  return (
    <Confirm
      title={`Publish ${counted(found.length, "change")}?`}
      verb="Publish"
      isReady={conflicts.length === 0 || isForced}
      onConfirm={publish}
      onClose={onClose}
    >
      <p>Every router uses the new rules within two seconds.</p>
      <ChangesList changes={found} />
      <Field
        label="Reason"
        name="reason"
        autoFocus
        required
        // Blanks are none.
        pattern=".*\S.*"
        title="Say why, in a few words"
        maxLength={1000}
        hint="Stands in the history and in the audit."
      />
      {conflicts.length > 0 && (
        <Notice tone="warn" title={counted(conflicts.length, "conflict")}>
          {conflicts.map(({ rules, witness }) => (
            <div key={rules.join(" ")}>
              <p>{`“${rules.map(nameOf).join("” and “")}” have the same priority, match the same submission, and lead elsewhere.`}</p>
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
