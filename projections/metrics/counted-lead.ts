// One lead as it is counted, and under what.
import type { Status } from "#domain/submission/machine.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { changesOf, type LeadEvent, type LeadState, received } from "../lead-state.ts";
import { NO_STEP, stepOf } from "./latency.ts";

export interface CountedLead extends LeadState {
  /** When it became what it has ended as. A lead that is given back ended when it was delivered. */
  readonly ended_at: Date | null;
}

const ENDED: ReadonlySet<Status> = new Set([
  "delivered",
  "duplicate",
  "rejected",
  "unrouted",
  "dead_lettered",
  "returned",
]);

/** The same object where the event changes nothing; undefined where the lead's beginning is not known. */
export function evolve(
  lead: CountedLead | undefined,
  event: LeadEvent,
  raw: StoredEvent,
): CountedLead | undefined {
  if (event.type === "SubmissionReceived") return { ...received(event), ended_at: null };
  if (lead === undefined) return undefined;
  const changes = changesOf(lead, event);
  if (changes === undefined || isAlready(lead, changes)) return lead;
  const next = { ...lead, ...changes };
  if (next.status === lead.status || next.status === "returned") return next;
  return { ...next, ended_at: ENDED.has(next.status) ? new Date(raw.metadata.at) : null };
}

const isAlready = (lead: LeadState, changes: Partial<LeadState>): boolean =>
  Object.entries(changes).every(([name, value]) => lead[name as keyof LeadState] === value);

export type Clock = "received" | "ended";

/** Leads that are counted together; an empty text where a lead has none. */
export interface Counted {
  readonly clock: Clock;
  readonly minute: Date;
  readonly source: string;
  readonly kind: string;
  readonly partner: string;
  readonly rule: string;
  readonly status: Status;
  readonly step: number;
  /** What one of them brought. */
  readonly price: number;
  readonly leads: number;
}

const MINUTE_MS = 60_000;
const minuteOf = (at: Date): Date => new Date(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS);

function countedAs(lead: CountedLead, leads: number): Counted[] {
  const { source, kind, status, received_at, ended_at } = lead;
  const shared = {
    source,
    kind,
    partner: lead.partner ?? "",
    rule: lead.rule ?? "",
    status,
    step: ended_at === null ? NO_STEP : stepOf(ended_at.getTime() - received_at.getTime()),
    price: status === "delivered" ? (lead.price ?? 0) : 0,
    leads,
  };
  const byReceipt: Counted = { clock: "received", minute: minuteOf(received_at), ...shared };
  return ended_at === null
    ? [byReceipt]
    : [byReceipt, { ...byReceipt, clock: "ended", minute: minuteOf(ended_at) }];
}

/** What a batch changes in the counts: each lead is taken out where it was and put in where it is. */
export function differences(
  changed: Iterable<CountedLead>,
  before: ReadonlyMap<CountedLead["id"], CountedLead>,
): Counted[] {
  const sums = new Map<string, Counted>();
  const add = (counted: Counted): void => {
    const { clock, minute, source, kind, partner, rule, status, step, price } = counted;
    const key = [clock, minute.getTime(), source, kind, partner, rule, status, step, price].join("\n");
    const leads = (sums.get(key)?.leads ?? 0) + counted.leads;
    if (leads === 0) sums.delete(key);
    else sums.set(key, { ...counted, leads });
  };
  for (const lead of changed) {
    const was = before.get(lead.id);
    if (was !== undefined) for (const one of countedAs(was, -1)) add(one);
    for (const one of countedAs(lead, 1)) add(one);
  }
  return [...sums.values()];
}
