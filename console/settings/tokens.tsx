import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Page as ApiPage, Token } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { actions, DataTable } from "../ui/data-table.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { asMoment } from "../ui/filters.ts";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading } from "../ui/page.tsx";
import { ShownOnce } from "../ui/shown-once.tsx";
import { Time } from "../ui/time.tsx";
import { ChooseRole } from "./roles.tsx";

export function Tokens() {
  const mayChange = useSession().may("tokens.change");
  const queries = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const [made, setMade] = useState<{ readonly name: string; readonly token: string }>();
  const tokens = useQuery({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) => (await get<ApiPage<Token>>("/api/tokens", signal)).items,
  });
  const again = () => queries.invalidateQueries({ queryKey: ["tokens"] });

  async function add(form: FormData): Promise<void> {
    const expires_at = asMoment(String(form.get("expires_at") ?? ""));
    const body = {
      name: String(form.get("name") ?? "").trim(),
      role: form.get("role"),
      ...(expires_at !== undefined && { expires_at }),
    };
    setMade(await call<{ readonly name: string; readonly token: string }>("POST", "/api/tokens", { body }));
    await again();
  }
  async function revoke({ id }: Token): Promise<void> {
    await call("DELETE", `/api/tokens/${id}`);
    await again();
  }

  return (
    <Card
      title="Tokens"
      flush
      actions={
        mayChange && (
          <Button size="small" onClick={() => setAdding(true)}>
            Add token
          </Button>
        )
      }
    >
      {tokens.error && <ProblemNotice problem={tokens.error} />}
      {tokens.isPending && !tokens.error && <Loading />}
      {tokens.data?.length === 0 && (
        <Empty title="No tokens yet">
          <p>A token lets a program in, with a role like a person’s.</p>
        </Empty>
      )}
      {tokens.data && tokens.data.length > 0 && (
        <DataTable
          rows={tokens.data}
          keyOf={({ id }) => id}
          columns={[
            { name: "Name", cell: ({ name }) => name },
            { name: "Role", cell: ({ role }) => role },
            { name: "Made by", className: "break", cell: ({ created_by }) => created_by },
            { name: "Last used", cell: ({ last_used_at }) => <Moment at={last_used_at} /> },
            { name: "Expires", cell: ({ expires_at }) => <Moment at={expires_at} /> },
            mayChange &&
              actions((token: Token) => (
                <Button
                  size="small"
                  kind="danger"
                  aria-label={`Revoke ${token.name}`}
                  onClick={() => setRevoking(token)}
                >
                  Revoke
                </Button>
              )),
          ]}
        />
      )}
      {isAdding && (
        <Confirm title="Add a token" verb="Add" onConfirm={add} onClose={() => setAdding(false)}>
          <Field label="Name" name="name" required maxLength={64} autoFocus autoComplete="off" />
          <ChooseRole />
          <Field label="Expires" name="expires_at" type="datetime-local" hint="Empty: never." />
        </Confirm>
      )}
      {revoking !== undefined && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          verb="Revoke"
          kind="danger"
          onConfirm={() => revoke(revoking)}
          onClose={() => setRevoking(undefined)}
        >
          <p>Whoever uses it is refused from then on.</p>
        </Confirm>
      )}
      {made !== undefined && (
        <ShownOnce
          title={`The token ${made.name}`}
          value={made.token}
          hint="Only its hash is kept, so nobody can show it again."
          onClose={() => setMade(undefined)}
        />
      )}
    </Card>
  );
}

function Moment({ at }: { readonly at: string | undefined }) {
  return at === undefined ? <span className="muted">never</span> : <Time at={at} />;
}
