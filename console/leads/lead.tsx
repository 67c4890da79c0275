import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { get, Problem } from "../api/client.ts";
import type { Decision, Lead as LeadShape, TimelineItem } from "../api/shapes.ts";
import { Move, type Verb } from "../dead-letters/move.tsx";
import { useSession } from "../session/session.tsx";
import { Status } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";
import { Attempts } from "./attempts.tsx";
import { Timeline } from "./timeline.tsx";
import { WhyHere } from "./why-here.tsx";
import { nameOf } from "./words.ts";
import "./lead.css";

export default function Lead() {
  const { id = "" } = useParams();
  const about = (part: string) => `/api/leads/${encodeURIComponent(id)}${part}`;
  const lead = useQuery({
    queryKey: ["leads", id],
    queryFn: ({ signal }) => get<LeadShape>(about(""), signal),
  });
  const timeline = useQuery({
    queryKey: ["leads", id, "timeline"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly TimelineItem[] }>(about("/timeline"), signal)).items,
  });
  const decision = useQuery({
    queryKey: ["leads", id, "decision"],
    queryFn: ({ signal }) => get<Decision>(about("/decision"), signal),
  });

  if (lead.error instanceof Problem && lead.error.status === 404)
    return (
      <Page title="Lead">
        <Empty title="There is no lead with this id">
          <p>
            <Link href="/leads">Search the leads</Link>
          </p>
        </Empty>
      </Page>
    );

  return (
    <Page
      title="Lead"
      lead={lead.data && <Summary lead={lead.data} />}
      actions={lead.data?.status === "dead_lettered" && <MoveLead id={id} />}
    >
      <div className="stack">
        {lead.error && <ProblemNotice problem={lead.error} />}
        {lead.isPending && !lead.error && <Loading />}
        {lead.data && (
          <div className="lead-columns">
            <div>
              <Card title="Timeline">
                {timeline.error && <ProblemNotice problem={timeline.error} />}
                {timeline.data ? <Timeline items={timeline.data} /> : <Loading />}
              </Card>
              <Card title="Attempts">{timeline.data ? <Attempts items={timeline.data} /> : <Loading />}</Card>
            </div>
            <div>
              <Facts lead={lead.data} />
              <Card title="Why here?">
                {decision.error && <ProblemNotice problem={decision.error} />}
                {decision.data ? <WhyHere decision={decision.data} /> : <Loading />}
              </Card>
            </div>
          </div>
        )}
      </div>
    </Page>
  );
}

function Summary({ lead }: { readonly lead: LeadShape }) {
  return (
    <span className="lead-summary">
      <strong className="break">{nameOf(lead)}</strong> <Status status={lead.status} />
      {lead.partner !== undefined && (
        <span>
          at <Link href={`/partners/${lead.partner}`}>{lead.partner}</Link>
        </span>
      )}
      {lead.reason !== undefined && <span className="break">{worded(lead.reason)}</span>}
    </span>
  );
}

function Facts({ lead }: { readonly lead: LeadShape }) {
  const payload = lead.payload as Readonly<Record<string, unknown>> | null;
  return (
    <Card title="What came in">
      {payload === null ? (
        <p className="muted">The person was forgotten, so nobody can read it any more.</p>
      ) : (
        <dl className="facts">
          {Object.entries(payload).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="break">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      <dl className="facts facts-about">
        <div>
          <dt>Id</dt>
          <dd className="mono break">{lead.id}</dd>
        </div>
        <div>
          <dt>Kind</dt>
          <dd>{lead.kind}</dd>
        </div>
        <div>
          <dt>Source</dt>
          <dd className="break">{lead.source}</dd>
        </div>
        {lead.person_id !== undefined && (
          <div>
            <dt>Person</dt>
            <dd>
              <Link href={`/leads?person_id=${lead.person_id}`}>All leads of this person</Link>
            </dd>
          </div>
        )}
        <div>
          <dt>Received</dt>
          <dd>
            <Time at={lead.received_at} both />
          </dd>
        </div>
        <div>
          <dt>Attempts</dt>
          <dd className="number">{numbers.format(lead.attempts)}</dd>
        </div>
        {lead.price !== undefined && (
          <div>
            <dt>Price</dt>
            <dd className="number">{lead.price}</dd>
          </div>
        )}
      </dl>
    </Card>
  );
}

/** What else can be done about a dead letter stands on its own screen. */
function MoveLead({ id }: { readonly id: string }) {
  const { may } = useSession();
  const queries = useQueryClient();
  const [verb, setVerb] = useState<Verb>();
  if (!may("dead_letters.change")) return null;
  return (
    <>
      <Button kind="danger" onClick={() => setVerb("Discard")}>
        Discard
      </Button>
      <Button kind="primary" onClick={() => setVerb("Redrive")}>
        Redrive
      </Button>
      {verb !== undefined && (
        <Move
          verb={verb}
          meant={{ ids: [id] }}
          onMoved={() => void queries.invalidateQueries({ queryKey: ["leads"] })}
          onClose={() => setVerb(undefined)}
        />
      )}
    </>
  );
}
