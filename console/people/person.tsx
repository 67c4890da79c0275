import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import type { Page as ApiPage, AuditItem, Person as PersonShape } from "../api/admin-shapes.ts";
import { call, get, Problem } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Empty, Notice, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Fact, ShortFacts } from "../ui/short-facts.tsx";
import { Time } from "../ui/time.tsx";
import { Forget } from "./forget.tsx";
import { nameOf } from "./words.ts";
import "./people.css";

export default function Person() {
  const { id = "" } = useParams();
  const { may } = useSession();
  const mayChange = may("identities.change");
  const [asking, setAsking] = useState<"forget" | "split">();
  const person = useQuery({
    queryKey: ["people", id],
    queryFn: ({ signal }) => get<PersonShape>(`/api/identities/${encodeURIComponent(id)}`, signal),
    // What was just forgotten is read from a model that may be a moment behind.
    refetchInterval: 3_000,
  });
  if (person.error instanceof Problem && person.error.status === 404)
    return (
      <Page title="Person">
        <Empty title="Nobody is known by this id">
          <p>
            <Link href="/identities">Search the people</Link>
          </p>
        </Empty>
      </Page>
    );
  const { data } = person;
  const isForgotten = data?.forgotten_at !== undefined;
  const canSplit = data !== undefined && data.aliases.length > 0 && !isForgotten;
  return (
    <Page
      title="Person"
      lead={data && <strong className="break">{isForgotten ? "Forgotten" : nameOf(data)}</strong>}
      actions={
        mayChange &&
        data &&
        !isForgotten && (
          <>
            {canSplit && <Button onClick={() => setAsking("split")}>Split</Button>}
            <Button kind="danger" onClick={() => setAsking("forget")}>
              Forget
            </Button>
          </>
        )
      }
    >
      <div className="stack">
        {person.error && <ProblemNotice problem={person.error} />}
        {person.isPending && !person.error && <Loading />}
        {data && <Known person={data} />}
        {data && may("audit.read") && <History id={data.id} />}
      </div>
      {asking === "forget" && data && <Forget person={data} onClose={() => setAsking(undefined)} />}
      {asking === "split" && data && <Split person={data} onClose={() => setAsking(undefined)} />}
    </Page>
  );
}

function Known({ person }: { readonly person: PersonShape }) {
  const { aliases, leads, lead_count, forgotten_at } = person;
  return (
    <div className="person-columns">
      <Card title="Known as">
        {forgotten_at !== undefined && (
          <Notice>
            <p>
              Forgotten <Time at={forgotten_at} both />. Nobody can read any more who it was.
            </p>
          </Notice>
        )}
        <ShortFacts>
          <Fact name="Name">{person.full_name}</Fact>
          <Fact name="E-mail">{person.email}</Fact>
          <Fact name="Phone">{person.phone}</Fact>
          <Fact name="Id">
            <code>{person.id}</code>
          </Fact>
          <Fact name="Leads">
            <Link href={`/leads?person_id=${person.id}`}>{`All ${numbers.format(lead_count)}`}</Link>
          </Fact>
        </ShortFacts>
      </Card>
      <Card title="Aliases">
        <p className="muted small">
          What they also gave, and whom they were merged with; a merge keeps the older person’s id.
        </p>
        {aliases.length === 0 ? (
          <p className="muted">None.</p>
        ) : (
          <ol className="aliases">
            {aliases.map((alias) => (
              <li key={alias.id}>
                <strong className="break">
                  {alias.full_name ?? alias.email ?? alias.phone ?? "unknown"}
                </strong>
                <span className="break">
                  {[alias.email, alias.phone].filter((one) => one !== undefined).join(" · ")}
                </span>
                <code className="muted small break">{alias.id}</code>
              </li>
            ))}
          </ol>
        )}
      </Card>
      <Card title="Newest leads">
        {leads.length === 0 ? (
          <p className="muted">None.</p>
        ) : (
          <ul className="aliases">
            {leads.slice(0, 10).map((lead) => (
              <li key={lead}>
                <Link href={`/leads/${lead}`} className="mono break">
                  {lead}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Card>
    </div>
  );
}

/** What people did to this person: splits, and that they were forgotten. */
function History({ id }: { readonly id: string }) {
  const history = useQuery({
    queryKey: ["people", id, "history"],
    queryFn: async ({ signal }) => {
      const types = ["PersonsSplit", "PersonForgotten"];
      const pages = await Promise.all(
        types.map((type) => get<ApiPage<AuditItem>>(`/api/audit?type=${type}&limit=200`, signal)),
      );
      return pages.flatMap(({ items }) => items).filter(({ about }) => about === `person ${id}`);
    },
  });
  if (history.data === undefined || history.data.length === 0) return null;
  return (
    <Card title="Changes by hand">
      <ul className="aliases">
        {history.data.map(({ position, at, by, type }) => (
          <li key={position}>
            <strong>{type === "PersonsSplit" ? "Last merge taken back" : "Forgotten"}</strong>
            <span className="muted small">
              {by}, <Time at={at} both />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Split({ person, onClose }: { readonly person: PersonShape; readonly onClose: () => void }) {
  const queries = useQueryClient();
  async function split(): Promise<void> {
    await call("POST", `/api/identities/${encodeURIComponent(person.id)}/split`);
    await queries.invalidateQueries({ queryKey: ["people"] });
  }
  return (
    <Confirm title="Take the last merge back?" verb="Split" onConfirm={split} onClose={onClose}>
      <p>The two who were merged last are two persons again, each with their own leads.</p>
    </Confirm>
  );
}
