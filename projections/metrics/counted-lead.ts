// One lead as it is counted.
import type { Status } from "#domain/submission/machine.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { changesOf, type LeadEvent, type LeadState, received } from "../lead-state.ts";

export interface CountedLead extends LeadState {
  /** When it became what it has ended as. A lead that is given back ended when it was delivered. */
  readonly ended_at: Date | null;
}

/** As what a lead can end, and is counted. */
export const countedStatuses = [
  "delivered",
  "rejected",
  "duplicate",
  "unrouted",
  "dead_lettered",
  "returned",
] as const satisfies readonly Status[];
export type CountedStatus = (typeof countedStatuses)[number];

const counted: ReadonlySet<string> = new Set(countedStatuses);
export const isCounted = (status: Status): status is CountedStatus => counted.has(status);

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
  return { ...next, ended_at: isCounted(next.status) ? new Date(raw.metadata.at) : null };
}

const isAlready = (lead: LeadState, changes: Partial<LeadState>): boolean =>
  Object.entries(changes).every(([name, value]) => lead[name as keyof LeadState] === value);
