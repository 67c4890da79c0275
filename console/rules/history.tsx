import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, get } from "../api/client.ts";
import type { RuleVersion } from "../api/shapes.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Checkbox, Field } from "../ui/field.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { counted, Loading } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { ChangesList } from "./changes-list.tsx";
import type { Change } from "./draft.ts";

export const useHistory = () =>
  useQuery({
    queryKey: ["rules", "history"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly RuleVersion[] }>("/api/rules/history?limit=100", signal)).items,
  });

/** Each version with who made it, when and why, the newest first. */
export function History({ mayChange }: { readonly mayChange: boolean }) {
  const history = useHistory();
  const [reverting, setReverting] = useState<number>();
  if (history.error) return <ProblemNotice problem={history.error} />;
  if (history.data === undefined) return <Loading />;
  const [newest] = history.data;
  if (newest === undefined)
    return (
      <Empty title="No version yet">
        <p>Each time that rules are published, a version stands here.</p>
      </Empty>
    );
  return (
    <>
      <ol className="versions">
        {history.data.map(({ version, at, by, reason, changes }) => (
          <li key={version}>
            <div className="version-head">
              <div>
                <strong>{`Version ${version}`}</strong>{" "}
                {version === newest.version && <Badge tone="good">newest</Badge>}
                <p className="muted small break">
                  {by}, <Time at={at} />
                  {reason !== undefined && `: ${reason}`}
                </p>
              </div>
              {mayChange && version !== newest.version && (
                <Button
                  size="small"
                  aria-description={`to version ${version}`}
                  onClick={() => setReverting(version)}
                >
                  Revert
                </Button>
              )}
            </div>
            <details>
              <summary>{counted(changes.length, "change")}</summary>
              <ChangesList changes={changes as readonly Change[]} />
            </details>
          </li>
        ))}
      </ol>
      {reverting !== undefined && <Revert version={reverting} onClose={() => setReverting(undefined)} />}
    </>
  );
}

function Revert({ version, onClose }: { readonly version: number; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [isForced, setForced] = useState(false);
  async function revert(form: FormData): Promise<void> {
    const reason = String(form.get("reason") ?? "").trim();
    const body = { version, ...(reason !== "" && { reason }), ...(isForced && { force: true }) };
    await call("POST", "/api/rules/revert", { body });
    await queries.invalidateQueries({ queryKey: ["rules"] });
  }
  return (
    <Confirm title={`Revert to version ${version}?`} verb="Revert" onConfirm={revert} onClose={onClose}>
      <p>
        The rules become what they were in that version, as a new version. Every router uses it within two
        seconds.
      </p>
      <Field label="Reason" name="reason" autoFocus maxLength={1000} />
      <Checkbox
        label="In spite of conflicts"
        checked={isForced}
        onChange={({ target }) => setForced(target.checked)}
      />
    </Confirm>
  );
}
