// What everybody may change about themselves: their password, and where they are signed in.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Page as ApiPage, OwnSession } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { actions, DataTable } from "../ui/data-table.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";

export function Own() {
  const queries = useQueryClient();
  const [isChanging, setChanging] = useState(false);
  const [ending, setEnding] = useState<OwnSession>();
  const sessions = useQuery({
    queryKey: ["own sessions"],
    queryFn: async ({ signal }) => (await get<ApiPage<OwnSession>>("/api/me/sessions", signal)).items,
  });
  const again = () => queries.invalidateQueries({ queryKey: ["own sessions"] });

  async function changePassword(form: FormData): Promise<void> {
    const body = { current: String(form.get("current") ?? ""), password: String(form.get("password") ?? "") };
    await call("POST", "/api/me/password", { body });
    await again();
  }
  async function end({ id }: OwnSession): Promise<void> {
    await call("DELETE", `/api/me/sessions/${id}`);
    await again();
  }

  return (
    <Card
      title="Your sessions"
      flush
      actions={
        <Button size="small" onClick={() => setChanging(true)}>
          Change password
        </Button>
      }
    >
      {sessions.error && <ProblemNotice problem={sessions.error} />}
      {sessions.isPending && !sessions.error && <Loading />}
      {sessions.data && (
        <DataTable
          rows={sessions.data}
          keyOf={({ id }) => id}
          columns={[
            {
              name: "Browser",
              cell: ({ user_agent = "unknown", current }) => (
                <>
                  {user_agent} {current && <Badge tone="good">this one</Badge>}
                </>
              ),
            },
            { name: "Since", cell: ({ started_at }) => <Time at={started_at} /> },
            { name: "Last seen", cell: ({ last_seen_at }) => <Time at={last_seen_at} /> },
            actions(
              (session: OwnSession) =>
                !session.current && (
                  <Button size="small" kind="danger" onClick={() => setEnding(session)}>
                    End
                  </Button>
                ),
            ),
          ]}
        />
      )}
      {isChanging && (
        <Confirm
          title="Change your password"
          verb="Change password"
          onConfirm={changePassword}
          onClose={() => setChanging(false)}
        >
          <Field
            label="Current password"
            name="current"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
          />
          <Field
            label="New password"
            name="password"
            type="password"
            autoComplete="new-password"
            required
            minLength={12}
            maxLength={200}
            hint="At least 12 characters. Your other sessions end."
          />
        </Confirm>
      )}
      {ending !== undefined && (
        <Confirm
          title="End this session?"
          verb="End"
          kind="danger"
          onConfirm={() => end(ending)}
          onClose={() => setEnding(undefined)}
        >
          <p>That browser has to sign in again.</p>
        </Confirm>
      )}
    </Card>
  );
}
