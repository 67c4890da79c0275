import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { get, withQuery } from "../api/client.ts";
import { type StatsItem, useDeadLetters, useLeads, usePartners } from "../api/queries.ts";
import { nameOf } from "../leads/words.ts";
import { PartnerState } from "../partners/partner-state.tsx";
import { Status } from "../ui/badge.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { Health } from "./health.tsx";
import { Spark } from "./spark.tsx";
import "./overview.css";

const MINUTE_MS = 60_000;
const SHOWN_MINUTES = 60;
const MAX_COUNTED = 200;

function useLastHour() {
  return useQuery({
    queryKey: ["stats", "last hour"],
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => {
      const from = Math.floor(Date.now() / MINUTE_MS - SHOWN_MINUTES + 1) * MINUTE_MS;
      const query = { bucket: "minute", from: new Date(from).toISOString() };
      const { items } = await get<{ readonly items: readonly StatsItem[] }>(
        withQuery("/api/stats", query),
        signal,
      );
      const byMinute = (field: "received" | "delivered" | "dead_lettered" | "unrouted" | "rejected") => {
        const series = new Array<number>(SHOWN_MINUTES).fill(0);
        for (const item of items) {
          const at = Math.floor((Date.parse(item.at) - from) / MINUTE_MS);
          if (at >= 0 && at < SHOWN_MINUTES) series[at] = (series[at] ?? 0) + item[field];
        }
        return series;
      };
      return {
        received: byMinute("received"),
        delivered: byMinute("delivered"),
        failing: byMinute("dead_lettered").map(
          (count, n) => count + (byMinute("unrouted")[n] ?? 0) + (byMinute("rejected")[n] ?? 0),
        ),
      };
    },
  });
}

const sum = (series: readonly number[]): number => series.reduce((all, one) => all + one, 0);

export default function Overview() {
  const hour = useLastHour();
  const partners = usePartners();
  const dead = useDeadLetters({ limit: MAX_COUNTED });
  const waiting = (partners.data ?? []).reduce((all, { queue_depth, held }) => all + queue_depth + held, 0);
  const deadCount = dead.data?.items.length ?? 0;

  return (
    <Page title="Overview">
      {hour.error && <ProblemNotice problem={hour.error} />}
      <div className="figures">
        <Figure name="Received" series={hour.data?.received} href="/leads" />
        <Figure name="Delivered" series={hour.data?.delivered} href="/leads?status=delivered" tone="good" />
        <Figure name="Failing" series={hour.data?.failing} href="/leads?status=dead_lettered" tone="bad" />
        <Link href="/partners" className="figure">
          <span className="figure-name">In queues</span>
          <strong className="number">{numbers.format(waiting)}</strong>
          <span className="muted small">now, at all partners</span>
        </Link>
        <Link href="/dead-letters" className="figure">
          <span className="figure-name">Dead letters</span>
          <strong className={deadCount > 0 ? "number figure-bad" : "number"}>
            {deadCount === MAX_COUNTED ? `${MAX_COUNTED}+` : deadCount}
          </strong>
          <span className="muted small">waiting for a decision</span>
        </Link>
      </div>
      <div className="overview-columns">
        <div>
          <Card title="Partners" flush actions={<Link href="/partners">All partners</Link>}>
            {partners.data === undefined ? <Loading /> : <PartnersAtWork partners={partners.data} />}
          </Card>
          <Latest />
        </div>
        <Health />
      </div>
    </Page>
  );
}

interface FigureProps {
  readonly name: string;
  readonly series: readonly number[] | undefined;
  readonly href: string;
  readonly tone?: "good" | "bad";
}

function Figure({ name, series = [], href, tone }: FigureProps) {
  const total = sum(series);
  return (
    <Link href={href} className="figure">
      <span className="figure-name">{name}</span>
      <strong className={tone === "bad" && total > 0 ? "number figure-bad" : "number"}>
        {numbers.format(total)}
      </strong>
      <span className="muted small">in the last hour</span>
      <Spark series={series} tone={tone ?? "accent"} />
    </Link>
  );
}

function PartnersAtWork({
  partners,
}: {
  readonly partners: NonNullable<ReturnType<typeof usePartners>["data"]>;
}) {
  if (partners.length === 0)
    return (
      <Empty title="No partners yet">
        <p>A partner is where rules send leads.</p>
      </Empty>
    );
  return (
    <table className="table table-cards">
      <thead>
        <tr>
          <th scope="col">Partner</th>
          <th scope="col">State</th>
          <th scope="col" className="number">
            Queue
          </th>
          <th scope="col" className="number">
            In flight
          </th>
          <th scope="col" className="number">
            Held
          </th>
          <th scope="col" className="number">
            Delivered
          </th>
          <th scope="col" className="number">
            Dead
          </th>
        </tr>
      </thead>
      <tbody>
        {partners.map((partner) => (
          <tr key={partner.id}>
            <th scope="row" className="break">
              <Link href={`/partners/${partner.id}`}>{partner.name}</Link>
            </th>
            <td data-label="State">
              <PartnerState partner={partner} />
            </td>
            {(["queue_depth", "in_flight", "held", "delivered", "dead_lettered"] as const).map((field) => (
              <td key={field} className="number" data-label={LABELS[field]}>
                {numbers.format(partner[field])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const LABELS = {
  queue_depth: "Queue",
  in_flight: "In flight",
  held: "Held",
  delivered: "Delivered",
  dead_lettered: "Dead",
} as const;

function Latest() {
  const { data, error } = useLeads({ limit: 8 });
  return (
    <Card title="Latest leads" flush actions={<Link href="/leads">All leads</Link>}>
      {error && <ProblemNotice problem={error} />}
      {data === undefined ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <Empty title="No leads yet">
          <p>
            <Link href="/sources?try={}">Try it</Link> in the console, or send one with the command that the
            start has printed, or with “npm run demo”.
          </p>
        </Empty>
      ) : (
        <ul className="latest">
          {data.items.map((lead) => (
            <li key={lead.id}>
              <Link href={`/leads/${lead.id}`} className="break">
                {nameOf(lead)}
              </Link>
              <span className="muted break">{lead.partner ?? ""}</span>
              <Status status={lead.status} />
              <span className="muted small">
                <Time at={lead.received_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
