// What people and dashboards ask of the API, in the tables of large-tables.ts.
import { LARGE, leadId, personId } from "../../projections/large-tables.ts";

export interface Question {
  readonly what: string;
  /** Of the so manieth time that it is asked. */
  readonly path: (n: number) => string;
}

export const DAY_MS = 86_400_000;
const { rare, email, early, late, person, alias } = LARGE;
const day = (from: Date, days: number): string =>
  `from=${from.toISOString()}&to=${new Date(from.getTime() + days * DAY_MS).toISOString()}`;
const anyDay = (n: number): Date => new Date(early.getTime() + ((n * 37) % 300) * DAY_MS);

/** `ids` are of leads that the log has. */
export function questions(ids: readonly string[], leads: number): readonly Question[] {
  const some = (n: number): string => leadId(1 + ((n * 7_919) % leads));
  const fixed = (what: string, path: string): Question => ({ what, path: () => path });
  const recent = (n: number): string => ids[n % ids.length] ?? "";
  return [
    fixed("leads", "/api/leads"),
    fixed("leads, 200 of them", "/api/leads?limit=200"),
    { what: "leads before any day", path: (n) => `/api/leads?to=${anyDay(n).toISOString()}` },
    { what: "leads of any day", path: (n) => `/api/leads?${day(anyDay(n), 1)}` },
    fixed("leads since late", `/api/leads?from=${late.toISOString()}`),
    ...["status=delivered", "status=dead_lettered", "status=unrouted", "partner=edu", `partner=${rare}`].map(
      (filter) => fixed(`leads by ${filter}`, `/api/leads?${filter}`),
    ),
    ...[`source=${rare}`, "kind=assistance", "rule=edu", `person_id=${person}`].map((filter) =>
      fixed(`leads by ${filter}`, `/api/leads?${filter}`),
    ),
    ...[
      "status=dead_lettered&partner=edu",
      "status=duplicate&partner=edu",
      "status=delivered&partner=edu&source=demo",
      "partner=fin&rule=fin",
      "status=received&rule=edu",
      "source=demo&kind=assistance",
      `status=dead_lettered&source=${rare}`,
    ].map((filter) => fixed(`leads by ${filter}`, `/api/leads?${filter}`)),
    {
      what: "leads of any week by status=dead_lettered&partner=edu",
      path: (n) => `/api/leads?${day(anyDay(n), 7)}&status=dead_lettered&partner=edu`,
    },
    {
      what: "leads of any month by status=rejected&partner=edu",
      path: (n) => `/api/leads?${day(anyDay(n), 30)}&status=rejected&partner=edu`,
    },
    fixed("leads by q=address", `/api/leads?q=${email}`),
    fixed("leads by q=address&status=dead_lettered", `/api/leads?q=${email}&status=dead_lettered`),
    { what: "leads by q=nobody", path: (n) => `/api/leads?q=nobody${n}@example.com` },
    { what: "leads by q=id", path: (n) => `/api/leads?q=${some(n)}` },
    fixed("leads by q=person", `/api/leads?q=${person}`),
    fixed("leads by q=alias", `/api/leads?q=${alias}`),
    { what: "one lead", path: (n) => `/api/leads/${some(n)}` },
    { what: "timeline", path: (n) => `/api/leads/${recent(n)}/timeline` },
    { what: "decision", path: (n) => `/api/leads/${recent(n)}/decision` },
    fixed("people", "/api/identities"),
    fixed("people by address", `/api/identities?email=${email}`),
    { what: "people by nobody's address", path: (n) => `/api/identities?email=nobody${n}@example.com` },
    { what: "one person", path: (n) => `/api/identities/${personId(n)}` },
    ...["", "?stage=deliver", "?stage=intake", "?partner=edu", `?partner=${rare}`].map((filter) =>
      fixed(`dead letters ${filter}`, `/api/dlq${filter}`),
    ),
    ...["?stage=deliver&partner=edu", `?stage=deliver&partner=${rare}`, "?stage=route&partner=edu"].map(
      (filter) => fixed(`dead letters ${filter}`, `/api/dlq${filter}`),
    ),
    ...["", "?by=admin", "?type=PartnerConfigured", "?by=rare&type=PartnerConfigured"].map((filter) =>
      fixed(`audit ${filter}`, `/api/audit${filter}`),
    ),
    { what: "audit of any day", path: (n) => `/api/audit?${day(anyDay(n), 1)}` },
    fixed("campaigns", "/api/campaigns"),
    fixed("one campaign", "/api/campaigns/large"),
    ...["", "?status=waiting", "?status=failed", "?step=step-1", "?status=done&step=step-1"].map((filter) =>
      fixed(`members ${filter}`, `/api/campaigns/large/members${filter}`),
    ),
    fixed("members ?status=failed&step=step-9", "/api/campaigns/large/members?status=failed&step=step-9"),
    ...["partner", "status"].flatMap((by) => [
      { what: `statistics of any day by minute, ${by}`, path: stats("minute", 1, by) },
      { what: `statistics of any month by hour, ${by}`, path: stats("hour", 30, by) },
      fixed(
        `statistics of a year by day, ${by}`,
        `/api/stats?bucket=day&by=${by}&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z`,
      ),
    ]),
    fixed("partners", "/api/partners"),
    fixed("read models", "/api/projections"),
    fixed("what leads has passed over", "/api/projections/leads/skipped"),
  ];
}

const stats =
  (bucket: string, days: number, by: string) =>
  (n: number): string =>
    `/api/stats?bucket=${bucket}&by=${by}&${day(anyDay(n), days)}&clock=${n % 2 === 0 ? "received" : "ended"}`;
