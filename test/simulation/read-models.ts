// What the relay and the timers read from the database, folded from the log by the same rules: production reads it from tables that
// projections write, which are tested by themselves.
import { SubmissionId } from "#domain/ids.ts";
import { mailboxOf, type YardEvent } from "#domain/mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Timer, TimerQueries } from "#projections/timers/query.ts";
import type { Unfinished, UnfinishedQueries } from "#projections/unfinished/query.ts";
import type { SimulatedLog } from "./event-store.ts";

const ENDS: ReadonlySet<string> = new Set([
  "SubmissionUnrouted",
  "DeliverySucceeded",
  "DeliveryDuplicated",
  "SubmissionRejected",
  "SubmissionDeadLettered",
  "MemberFailed",
]);
const GRACE_MS = 60_000;

type Fields = {
  readonly submission_id?: string;
  readonly delivery_id?: string;
  readonly partner?: string;
  /** The send that a member of a campaign has come out of. */
  readonly left?: { readonly submission_id?: string };
};

const fieldsOf = ({ data }: StoredEvent): Fields => data as Fields;
/** Streams of configuration are none that anybody waits for here. */
const isAbout = ({ stream }: StoredEvent): boolean => /^(submission|partner|campaign)-/.test(stream);

function unfinishedOf(log: SimulatedLog): Unfinished[] {
  const open = new Map<string, Unfinished>();
  const notBefore = new Map<string, number>();
  for (const stored of log.events.filter(isAbout)) {
    const { submission_id, left } = fieldsOf(stored);
    if (left?.submission_id !== undefined) open.delete(left.submission_id);
    if (submission_id === undefined) continue;
    const { stream, revision, position, metadata } = stored;
    const mailbox = mailboxOf({ type: stored.type, data: stored.data } as YardEvent);
    const id = SubmissionId.parse(submission_id);
    const row = { submission_id: id, stream, revision, position, since: new Date(metadata.at) };
    if (mailbox.to === "lead") open.set(submission_id, { ...row, mailbox: "lead", partner: null });
    else if (mailbox.to === "partner")
      open.set(submission_id, { ...row, mailbox: "partner", partner: mailbox.partner });
    else if (mailbox.to === "campaign")
      open.set(submission_id, { ...row, mailbox: "campaign", partner: null, campaign: mailbox.campaign });
    else if (ENDS.has(stored.type)) open.delete(submission_id);
    const wait = waitOf(stored);
    if (mailbox.to !== "nobody") notBefore.delete(submission_id);
    else if (wait !== undefined) notBefore.set(submission_id, wait);
  }
  return [...open.values()].filter(({ submission_id }) => (notBefore.get(submission_id) ?? 0) < Date.now());
}

function waitOf({ type, data }: StoredEvent): number | undefined {
  const { timer, retry_at, waited, started_at } = data as Record<string, string | undefined>;
  if (type === "DeliveryHeld") return Number.POSITIVE_INFINITY;
  if (type === "DeliveryFailed" && timer) return Date.parse(retry_at ?? "") + GRACE_MS;
  if (type === "DeliveryStarted" && waited === "held") return Date.parse(started_at ?? "") + GRACE_MS;
  return undefined;
}

export const unfinishedIn = (log: SimulatedLog): UnfinishedQueries => ({
  list: async ({ olderThan, limit, after = 0n }) =>
    unfinishedOf(log)
      .filter(({ position, since }) => position > after && since < olderThan)
      .sort((one, other) => Number(one.position - other.position))
      .slice(0, limit),
  checkpoint: async () => BigInt(log.events.length),
});

function timersOf(log: SimulatedLog): Timer[] {
  const open = new Map<string, Timer>();
  for (const stored of log.events.filter(isAbout)) {
    const { delivery_id, submission_id, partner } = fieldsOf(stored);
    if (delivery_id === undefined) continue;
    const { timer, retry_at } = stored.data as { timer?: true; retry_at?: string };
    if (stored.type !== "DeliveryFailed" || !timer || retry_at === undefined) open.delete(delivery_id);
    else {
      const due_at = new Date(retry_at);
      open.set(delivery_id, {
        delivery_id,
        submission_id,
        partner,
        due_at,
        position: stored.position,
      } as Timer);
    }
  }
  return [...open.values()];
}

export const dueTimers = (log: SimulatedLog): TimerQueries => ({
  due: async ({ now, seen, after, limit }) =>
    timersOf(log)
      .filter(
        ({ due_at, position }) =>
          due_at.getTime() <= now && (due_at.getTime() > seen.due || position > seen.position),
      )
      .filter(({ due_at }) => after === undefined || due_at > after.due_at)
      .slice(0, limit),
  nextDue: async (after) =>
    timersOf(log)
      .map(({ due_at }) => due_at.getTime())
      .filter((at) => at > after)
      .sort((one, other) => one - other)[0],
  position: async () => BigInt(log.events.length),
});
