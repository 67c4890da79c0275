import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { Source } from "../api/admin-shapes.ts";
import { call } from "../api/client.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Card } from "../ui/page.tsx";
import { Fact, ShortFacts } from "../ui/short-facts.tsx";
import { ShownOnce } from "../ui/shown-once.tsx";
import { EditSource } from "./edit-source.tsx";

interface Props {
  readonly source: Source;
  readonly mayChange: boolean;
  readonly onSecret: (secret: string) => void;
  readonly onTry: () => void;
}

type Asking =
  | { readonly what: "edit" | "remove" | "rotate" }
  | { readonly what: "revoke"; readonly id: string };

export function SourceCard({ source, mayChange, onSecret, onTry }: Props) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Asking>();
  const [secret, setSecret] = useState<string>();
  const close = (): void => setAsking(undefined);
  const path = `/api/sources/${encodeURIComponent(source.id)}`;

  async function change(method: string, at: string): Promise<void> {
    await call(method, at);
    await queries.invalidateQueries({ queryKey: ["sources"] });
  }
  async function addSecret(): Promise<void> {
    const made = await call<{ readonly secret: string }>("POST", `${path}/secrets`);
    await queries.invalidateQueries({ queryKey: ["sources"] });
    setSecret(made.secret);
    onSecret(made.secret);
  }

  return (
    <Card
      title={<span className="break">{source.name ?? source.id}</span>}
      actions={
        <>
          <Badge tone={source.enabled ? "good" : "idle"}>{source.enabled ? "enabled" : "disabled"}</Badge>
          <Button size="small" onClick={onTry}>
            Try it
          </Button>
          {mayChange && (
            <>
              <Button size="small" onClick={() => setAsking({ what: "edit" })}>
                Edit
              </Button>
              <Button size="small" kind="danger" onClick={() => setAsking({ what: "remove" })}>
                Remove
              </Button>
            </>
          )}
        </>
      }
    >
      <ShortFacts>
        <Fact name="Id">
          <code className="break">{source.id}</code>
        </Fact>
        <Fact name="May send">{source.allowed_kinds?.join(", ") ?? "every kind"}</Fact>
        <Fact name="Signature">
          {source.scheme === "body-sha256" ? "SHA-256 of the body" : "Standard Webhooks"}
        </Fact>
        {source.default_country !== undefined && <Fact name="Country">{source.default_country}</Fact>}
        <Fact name="Limit">
          {source.rate_limit === undefined ? "none" : `${source.rate_limit.per_second} a second`}
        </Fact>
        <Fact name="Leads">
          <Link href={`/leads?source=${encodeURIComponent(source.id)}`}>All of this source</Link>
        </Fact>
      </ShortFacts>
      <div className="secrets-head">
        <h3>Secrets</h3>
        {mayChange && (
          <Button size="small" onClick={() => setAsking({ what: "rotate" })}>
            {source.secrets.length === 0 ? "New secret" : "Rotate"}
          </Button>
        )}
      </div>
      {source.secrets.length === 0 ? (
        <p className="muted">None: nothing that it sends is taken in.</p>
      ) : (
        <ul className="secrets">
          {source.secrets.map(({ id }) => (
            <li key={id}>
              <code className="break" id={`secret-${id}`}>
                {id}
              </code>
              {mayChange && (
                <Button
                  size="small"
                  kind="danger"
                  aria-describedby={`secret-${id}`}
                  onClick={() => setAsking({ what: "revoke", id })}
                >
                  Revoke
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {asking?.what === "edit" && <EditSource source={source} onClose={close} />}
      {asking?.what === "rotate" && (
        <Confirm
          title={`Make a new secret for ${source.id}?`}
          verb="Make secret"
          onConfirm={addSecret}
          onClose={close}
        >
          <p>Older ones stay valid. When its producer signs with the new one, revoke the old one.</p>
        </Confirm>
      )}
      {asking?.what === "revoke" && (
        <Confirm
          title="Revoke this secret?"
          verb="Revoke"
          kind="danger"
          onConfirm={() => change("DELETE", `${path}/secrets/${encodeURIComponent(asking.id)}`)}
          onClose={close}
        >
          <p>
            {source.secrets.length === 1
              ? `It is the only one: nothing that ${source.id} sends is taken in any more.`
              : `What is signed with it is refused from then on; ${source.secrets.length - 1} more hold.`}
          </p>
        </Confirm>
      )}
      {asking?.what === "remove" && (
        <Confirm
          title={`Remove ${source.id}?`}
          verb="Remove"
          kind="danger"
          onConfirm={() => change("DELETE", path)}
          onClose={close}
        >
          <p>Nothing that it sends is taken in any more. What it has sent stays.</p>
        </Confirm>
      )}
      {secret !== undefined && (
        <ShownOnce
          title={`The new secret of ${source.id}`}
          value={secret}
          hint="Give it to the producer. “Try it” below has it until this page is closed."
          onClose={() => setSecret(undefined)}
        />
      )}
    </Card>
  );
}
