// Redrive or discard, after it was counted what that would move.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/client.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Loading, numbers } from "../ui/page.tsx";
import { worded } from "../ui/words.ts";

export type Verb = "Redrive" | "Discard";

export type Meant =
  | { readonly ids: readonly string[] }
  | { readonly stage?: string; readonly partner?: string; readonly cause?: string };

interface Props {
  readonly verb: Verb;
  readonly meant: Meant;
  readonly onMoved: () => void;
  readonly onClose: () => void;
}

export function Move({ verb, meant, onMoved, onClose }: Props) {
  const queries = useQueryClient();
  const path = verb === "Redrive" ? "/api/dlq/redrive" : "/api/dlq/discard";
  const isNone = "ids" in meant && meant.ids.length === 0;
  const counted = useQuery({
    queryKey: ["count of dead letters", verb, meant],
    gcTime: 0,
    queryFn: async () => {
      if (isNone) return 0;
      // The count of a discard asks for a reason too, which nobody sees.
      const body = { ...meant, dry_run: true, ...(verb === "Discard" && { reason: "count" }) };
      return (await call<{ readonly count: number }>("POST", path, { body })).count;
    },
  });
  const count = counted.data;

  async function move(form: FormData): Promise<void> {
    const reason = String(form.get("reason") ?? "").trim();
    await call("POST", path, { body: { ...meant, ...(verb === "Discard" && { reason }) } });
    onMoved();
    await queries.invalidateQueries({ queryKey: ["dead-letters"] });
  }

  const what = count === 1 ? "dead letter" : "dead letters";
  return (
    <Confirm
      title={count === undefined ? `${verb} dead letters?` : `${verb} ${numbers.format(count)} ${what}?`}
      verb={verb}
      kind={verb === "Discard" ? "danger" : "primary"}
      isReady={count !== undefined && count > 0}
      onConfirm={move}
      onClose={onClose}
    >
      {counted.error ? <ProblemNotice problem={counted.error} /> : count === undefined && <Loading />}
      <p>{scopeInWords(meant)}</p>
      {verb === "Redrive" ? (
        <p>Each goes back to its stage, once. Those in doubt stay until somebody resolves them.</p>
      ) : (
        <>
          <p>Nothing more is done about them. This can't be taken back.</p>
          <Field label="Reason" name="reason" required maxLength={200} autoFocus />
        </>
      )}
    </Confirm>
  );
}

function scopeInWords(meant: Meant): string {
  if ("ids" in meant) return "Those that you selected.";
  const parts = [
    meant.stage && `stage ${meant.stage}`,
    meant.partner && `partner ${meant.partner}`,
    meant.cause && `cause ${worded(meant.cause)}`,
  ].filter(Boolean);
  return parts.length === 0
    ? "All that there are, on every page."
    : `All of ${parts.join(", ")}, on every page.`;
}
