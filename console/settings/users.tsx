import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Page as ApiPage, SetUpLink, User } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { actions, DataTable } from "../ui/data-table.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading } from "../ui/page.tsx";
import { ShownOnce } from "../ui/shown-once.tsx";
import { Time } from "../ui/time.tsx";
import { ChooseRole } from "./roles.tsx";

type Asking =
  | { readonly what: "invite" }
  | { readonly what: "role" | "link" | "sign-out" | "remove"; readonly user: User };

export function Users() {
  const mayChange = useSession().may("users.change");
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Asking>();
  const [link, setLink] = useState<{ readonly name: string; readonly url: string }>();
  const close = (): void => setAsking(undefined);
  const users = useQuery({
    queryKey: ["users"],
    queryFn: async ({ signal }) => (await get<ApiPage<User>>("/api/users", signal)).items,
  });

  async function change<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await call<Answer>(method, path, body === undefined ? {} : { body });
    await queries.invalidateQueries({ queryKey: ["users"] });
    return answer;
  }
  async function invite(form: FormData): Promise<void> {
    const name = String(form.get("name") ?? "").trim();
    const made = await change<SetUpLink>("POST", "/api/users", { name, role: form.get("role") });
    setLink({ name, url: made.setup_url });
  }
  async function newLink({ id, name }: User): Promise<void> {
    setLink({ name, url: (await change<SetUpLink>("POST", `/api/users/${id}/setup`)).setup_url });
  }

  return (
    <Card
      title="Users"
      flush
      actions={
        mayChange && (
          <Button size="small" onClick={() => setAsking({ what: "invite" })}>
            Add user
          </Button>
        )
      }
    >
      {users.error && <ProblemNotice problem={users.error} />}
      {users.isPending && !users.error && <Loading />}
      {users.data?.length === 0 && (
        <Empty title="No users yet">
          <p>Each person has a name of their own, so that the audit says who did what.</p>
        </Empty>
      )}
      {users.data && users.data.length > 0 && (
        <Table users={users.data} mayChange={mayChange} onAsk={setAsking} />
      )}
      {asking?.what === "invite" && (
        <Confirm title="Add a user" verb="Add" onConfirm={invite} onClose={close}>
          <Field label="Name" name="name" required maxLength={64} autoFocus autoComplete="off" />
          <ChooseRole />
          <p className="muted">A link is made with which they choose their password.</p>
        </Confirm>
      )}
      {asking?.what === "role" && (
        <Confirm
          title={`Change the role of ${asking.user.name}?`}
          verb="Change role"
          onConfirm={(form) => change("PUT", `/api/users/${asking.user.id}`, { role: form.get("role") })}
          onClose={close}
        >
          <ChooseRole role={asking.user.role} />
          <p className="muted">They have to sign in again.</p>
        </Confirm>
      )}
      {asking?.what === "link" && (
        <Confirm
          title={`Make a new link for ${asking.user.name}?`}
          verb="Make link"
          onConfirm={() => newLink(asking.user)}
          onClose={close}
        >
          <p>Whoever has it chooses a new password. The old one holds until then.</p>
        </Confirm>
      )}
      {asking?.what === "sign-out" && (
        <Confirm
          title={`Sign ${asking.user.name} out?`}
          verb="Sign out everywhere"
          onConfirm={() => change("DELETE", `/api/users/${asking.user.id}/sessions`)}
          onClose={close}
        >
          <p>All their sessions end at once.</p>
        </Confirm>
      )}
      {asking?.what === "remove" && (
        <Confirm
          title={`Remove ${asking.user.name}?`}
          verb="Remove"
          kind="danger"
          onConfirm={() => change("DELETE", `/api/users/${asking.user.id}`)}
          onClose={close}
        >
          <p>Their sessions end at once. The name stays taken, so that the audit stays true.</p>
        </Confirm>
      )}
      {link !== undefined && (
        <ShownOnce
          title={`The link for ${link.name}`}
          value={link.url}
          hint="Send it to them alone. It holds for 24 hours, and once."
          onClose={() => setLink(undefined)}
        />
      )}
    </Card>
  );
}

interface TableProps {
  readonly users: readonly User[];
  readonly mayChange: boolean;
  readonly onAsk: (asking: Asking) => void;
}

const BUTTONS = [
  ["Role", "role"],
  ["New link", "link"],
  ["Sign out", "sign-out"],
  ["Remove", "remove"],
] as const;

function Table({ users, mayChange, onAsk }: TableProps) {
  return (
    <DataTable
      rows={users}
      keyOf={({ id }) => id}
      columns={[
        { name: "Name", cell: ({ name }) => name },
        { name: "Role", cell: ({ role }) => role },
        {
          name: "State",
          cell: ({ state }) => <Badge tone={state === "active" ? "good" : "warn"}>{state}</Badge>,
        },
        {
          name: "Last sign-in",
          cell: ({ last_sign_in_at: at }) =>
            at === undefined ? <span className="muted">never</span> : <Time at={at} />,
        },
        mayChange &&
          actions((user: User) => (
            <span className="buttons">
              {BUTTONS.map(([text, what]) => (
                <Button
                  key={what}
                  size="small"
                  kind={what === "remove" ? "danger" : "plain"}
                  aria-label={`${text}: ${user.name}`}
                  onClick={() => onAsk({ what, user })}
                >
                  {text}
                </Button>
              ))}
            </span>
          )),
      ]}
    />
  );
}
