import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { get, Problem } from "../api/client.ts";
import { useLeads } from "../api/queries.ts";
import type { Partner as PartnerShape } from "../api/shapes.ts";
import { nameOf } from "../leads/words.ts";
import { useSession } from "../session/session.tsx";
import { Status } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { Empty, Notice, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";
import { Caps } from "./caps.tsx";
import { EditPartner } from "./edit-partner.tsx";
import { PartnerButtons } from "./partner-buttons.tsx";
import { PartnerState } from "./partner-state.tsx";
import { RemovePartner } from "./remove-partner.tsx";
import "./partners.css";

export default function Partner() {
  const { id = "" } = useParams();
  const partner = useQuery({
    queryKey: ["partners", id],
    queryFn: ({ signal }) => get<PartnerShape>(`/api/partners/${encodeURIComponent(id)}`, signal),
    refetchInterval: 5_000,
  });
  if (partner.error instanceof Problem && partner.error.status === 404)
    return (
      <Page title="Partner">
        <Empty title="There is no partner with this id">
          <Link href="/partners">All partners</Link>
        </Empty>
      </Page>
    );
  if (partner.data === undefined)
    return (
      <Page title="Partner">{partner.error ? <ProblemNotice problem={partner.error} /> : <Loading />}</Page>
    );
  return <Shown partner={partner.data} />;
}

function Shown({ partner }: { readonly partner: PartnerShape }) {
  const { may } = useSession();
  const [open, setOpen] = useState<"edit" | "remove">();
  const close = () => setOpen(undefined);
  return (
    <Page
      title={partner.name}
      lead={
        <>
          <PartnerState partner={partner} /> <span className="mono">{partner.id}</span>
        </>
      }
      actions={
        may("partners.change") && (
          <>
            <PartnerButtons partner={partner} />
            <Button onClick={() => setOpen("edit")}>Edit</Button>
            <Button kind="danger" onClick={() => setOpen("remove")}>
              Remove
            </Button>
          </>
        )
      }
    >
      <div className="stack">
        <Why partner={partner} />
        <div className="partner-columns">
          <Card title="How it fares">
            <Figures partner={partner} />
          </Card>
          <Card title="Configuration">
            <Configuration partner={partner} />
          </Card>
        </div>
        <LastLeads partner={partner.id} />
      </div>
      {open === "edit" && <EditPartner partner={partner} onClose={close} />}
      {open === "remove" && <RemovePartner partner={partner} onClose={close} />}
    </Page>
  );
}

/** Why nothing goes there, where nothing does. */
function Why({ partner }: { readonly partner: PartnerShape }) {
  if (partner.errors !== undefined)
    return (
      <Notice tone="bad" title="Its configuration can't be used">
        {partner.errors.map(({ path, message }) => (
          <p key={path}>
            <code>{path}</code> {message}
          </p>
        ))}
      </Notice>
    );
  if (partner.paused)
    return (
      <Notice
        tone="warn"
        title={
          partner.paused_reason === undefined
            ? "It is paused"
            : `It is paused: ${worded(partner.paused_reason)}`
        }
      />
    );
  if (partner.circuit_state === "half_open")
    return <Notice tone="warn" title="Its circuit is half-open: one lead is tried before all others" />;
  if (partner.circuit_state === "open") return <CircuitOpen retryAt={partner.retry_at} />;
  return null;
}

function CircuitOpen({ retryAt }: { readonly retryAt: string | undefined }) {
  // What is about to be over is told as if it were: "just now" would be past.
  const isOver = retryAt !== undefined && Date.parse(retryAt) - Date.now() < 5_000;
  return (
    <Notice tone="warn" title="Its circuit is open: too many deliveries failed in a row">
      {retryAt !== undefined && (
        <p>
          {isOver ? (
            "The next lead that comes is sent, to see whether it answers again."
          ) : (
            <>
              The next lead is sent <Time at={retryAt} />, to see whether it answers again.
            </>
          )}
        </p>
      )}
    </Notice>
  );
}

const COUNTS = [
  ["queue_depth", "In its queue"],
  ["in_flight", "In flight"],
  ["held", "Held"],
  ["delivered", "Delivered"],
  ["failed", "Failed attempts"],
  ["dead_lettered", "Dead letters"],
  ["duplicates", "Duplicates"],
] as const;

function Figures({ partner }: { readonly partner: PartnerShape }) {
  return (
    <dl className="facts">
      {COUNTS.map(([field, name]) => (
        <div key={field}>
          <dt>{name}</dt>
          <dd className="number">
            {field === "dead_lettered" && partner.dead_lettered > 0 ? (
              <Link href={`/dead-letters?partner=${partner.id}`}>
                {numbers.format(partner.dead_lettered)}
              </Link>
            ) : (
              numbers.format(partner[field])
            )}
          </dd>
        </div>
      ))}
      <div>
        <dt>Caps</dt>
        <dd>
          <Caps partner={partner} />
        </dd>
      </div>
    </dl>
  );
}

function Configuration({ partner }: { readonly partner: PartnerShape }) {
  const { delivery, limits, retry, circuit, schedule, idempotent } = partner;
  const to =
    delivery === null
      ? "nowhere"
      : "url" in delivery
        ? delivery.url
        : "to" in delivery
          ? String(delivery.to)
          : "";
  const rows: readonly (readonly [string, string])[] = [
    ["Delivery", `${delivery?.type ?? "none"} ${to}`],
    ["Signed", partner.signed ? "yes" : "no"],
    [
      "At once",
      `${limits.concurrency}${limits.per_second === undefined ? "" : `, ${limits.per_second} per second`}`,
    ],
    ["Tries", `${retry.max_attempts}, from ${retry.base_ms} ms apart`],
    ["Circuit", `opens after ${circuit.failure_threshold} failures for ${circuit.open_ms / 1000} s`],
    ["Opening hours", schedule === undefined ? "always" : `in ${schedule.time_zone}`],
    ["Repeats", idempotent ? "recognised by its key" : "never repeated when in doubt"],
  ];
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="break">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function LastLeads({ partner }: { readonly partner: string }) {
  const { data, error } = useLeads({ partner, limit: 10 });
  return (
    <Card title="Last answers" flush actions={<Link href={`/leads?partner=${partner}`}>All its leads</Link>}>
      {error && <ProblemNotice problem={error} />}
      {data === undefined ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <Empty title="No lead was sent there yet" />
      ) : (
        <DataTable
          rows={data.items}
          keyOf={({ id }) => id}
          columns={[
            { name: "Lead", cell: (lead) => <Link href={`/leads/${lead.id}`}>{nameOf(lead)}</Link> },
            { name: "Status", cell: ({ status }) => <Status status={status} /> },
            { name: "Reason", className: "break", cell: ({ reason }) => reason ?? "" },
            { name: "Changed", cell: ({ updated_at }) => <Time at={updated_at} /> },
          ]}
        />
      )}
    </Card>
  );
}
