// What has to hold once everything is healed, whatever was done. Read from the log itself, from what the partners counted, and from
// what the API shows.
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Taken } from "./traffic.ts";
import { CAP, type ChaosYard, PARTNER_NAMES } from "./yard.ts";

export interface Delivery {
  readonly submission: string;
  readonly partner: string;
  readonly attempts: number[];
  /** The types of its events, in order. */
  readonly events: string[];
}

interface CountedId {
  readonly id: string;
  readonly requests: number;
  readonly effects: number;
  readonly other_webhook_ids: number;
}

/** How many effects a submission had, at all partners together. */
export type EffectsOf = (submission: string) => number;

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const dataOf = ({ data }: StoredEvent): Record<string, unknown> => data as Record<string, unknown>;

export async function deliveriesOf(yard: ChaosYard): Promise<Map<string, Delivery>> {
  const deliveries = new Map<string, Delivery>();
  for (const partner of PARTNER_NAMES) {
    for await (const stored of yard.log.streamEvents(`${PARTNER_STREAM_PREFIX}${partner}`)) {
      const { delivery_id, submission_id, attempt } = dataOf(stored);
      if (typeof delivery_id !== "string") continue;
      const known = deliveries.get(delivery_id);
      const delivery = known ?? { submission: text(submission_id), partner, attempts: [], events: [] };
      deliveries.set(delivery_id, delivery);
      delivery.events.push(stored.type);
      if (stored.type === "DeliveryStarted") delivery.attempts.push(Number(attempt));
    }
  }
  return deliveries;
}

/** Attempts are numbered without a gap, each has an outcome, and none begins after a success. */
export function attemptViolations(deliveries: ReadonlyMap<string, Delivery>): string[] {
  const found: string[] = [];
  for (const [id, { partner, attempts, events }] of deliveries) {
    const about = `delivery ${id} to ${partner} (${events.join(", ")})`;
    if (attempts.some((attempt, n) => attempt !== n + 1)) found.push(`${about}: attempts are ${attempts}`);
    const successes = events.filter((type) => type === "DeliverySucceeded").length;
    if (successes > 1) found.push(`${about}: succeeded ${successes} times`);
    const after = events.slice(events.indexOf("DeliverySucceeded") + 1);
    if (successes > 0 && after.includes("DeliveryStarted"))
      found.push(`${about}: was begun after its success`);
    events.forEach((type, n) => {
      if (type === "DeliveryStarted" && events[n + 1] === undefined) found.push(`${about}: has no outcome`);
      if (type === "DeliveryStarted" && events[n + 1] === "DeliveryStarted")
        found.push(`${about}: was begun twice at once`);
    });
  }
  return found;
}

/** What each partner has counted. */
export async function countedBy({ simulatorUrl }: ChaosYard): Promise<Map<string, readonly CountedId[]>> {
  const counted = new Map<string, readonly CountedId[]>();
  for (const partner of PARTNER_NAMES) {
    const response = await fetch(`${simulatorUrl}/partners/${partner}/effects?limit=100000`);
    counted.set(partner, ((await response.json()) as { items: CountedId[] }).items);
  }
  return counted;
}

export function effectsOf(
  counted: ReadonlyMap<string, readonly CountedId[]>,
  deliveries: ReadonlyMap<string, Delivery>,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { id, effects } of [...counted.values()].flat()) {
    const submission = deliveries.get(id)?.submission;
    if (submission !== undefined) sums.set(submission, (sums.get(submission) ?? 0) + effects);
  }
  return sums;
}

/** One effect for each submission, counted by those who had it. */
export function effectViolations(
  counted: ReadonlyMap<string, readonly CountedId[]>,
  deliveries: ReadonlyMap<string, Delivery>,
): string[] {
  const found: string[] = [];
  for (const [partner, items] of counted) {
    const effectsById = new Map(items.map(({ id, effects }) => [id, effects]));
    for (const { id, requests, other_webhook_ids } of items) {
      const delivery = deliveries.get(id);
      if (delivery === undefined) {
        found.push(`${partner} was sent ${id}, of which the log knows nothing`);
        continue;
      }
      const { length } = delivery.attempts;
      if (requests > length)
        found.push(`${partner} had ${requests} requests of ${id}, ${length} attempts were recorded`);
      if (other_webhook_ids > 0) found.push(`${partner} had ${id} under several webhook-ids`);
    }
    for (const [id, { partner: to, events }] of deliveries)
      if (to === partner && events.includes("DeliverySucceeded") && effectsById.get(id) !== 1)
        found.push(`${id} was delivered to ${partner}, which counted ${effectsById.get(id) ?? 0} effects`);
  }
  for (const [submission, effects] of effectsOf(counted, deliveries))
    if (effects > 1) found.push(`submission ${submission} had ${effects} effects`);
  return found;
}

export async function capViolations(
  yard: ChaosYard,
  deliveries: ReadonlyMap<string, Delivery>,
): Promise<string[]> {
  const successes = [...deliveries.values()].filter(
    ({ partner, events }) => partner === "capped" && events.includes("DeliverySucceeded"),
  ).length;
  const { effects } = (await (await fetch(`${yard.simulatorUrl}/partners/capped`)).json()) as {
    effects: number;
  };
  const most = Math.max(successes, effects);
  return most > CAP
    ? [`capped may have ${CAP} and has ${most} (${successes} recorded, ${effects} counted)`]
    : [];
}

/** Each submission's own history begins once, knows one person, and is decided as it says. */
export async function submissionViolations(
  yard: ChaosYard,
  taken: ReadonlyMap<string, Taken>,
): Promise<string[]> {
  const found: string[] = [];
  const personOf = new Map<string, Map<string, string[]>>();
  for (const { id, person } of taken.values()) {
    const events = await yard.log.readStream(`${SUBMISSION_STREAM_PREFIX}${id}`);
    const received = events.filter(({ type }) => type === "SubmissionReceived").length;
    if (received !== 1) found.push(`submission ${id} was answered 202 and is ${received} times in the log`);
    const ids = personOf.get(person) ?? new Map<string, string[]>();
    personOf.set(person, ids);
    for (const event of events.filter(({ type }) => type === "PersonIdentified")) {
      const known = text(dataOf(event).person_id);
      ids.set(known, [...(ids.get(known) ?? []), id]);
    }
    const routed = events.filter(({ type }) => type === "SubmissionRouted");
    const legs = routed.map((event) => Number((dataOf(event).route as { leg?: number } | undefined)?.leg));
    if (legs.some((leg, n) => leg !== n + 1)) found.push(`submission ${id} went to legs ${legs}`);
  }
  for (const [person, ids] of personOf)
    if (ids.size > 1) found.push(`${person} is ${ids.size} persons: ${JSON.stringify([...ids])}`);
  return found;
}

/** The decision, taken once more with the rules of that version on what was recorded, is the one in the log. */
export async function decisionViolations(yard: ChaosYard, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const events = await yard.log.readStream(`${SUBMISSION_STREAM_PREFIX}${id}`);
    const first = events.find(({ type }) => type === "SubmissionRouted");
    const decided = (first && (dataOf(first).route as { rule?: string })?.rule) ?? null;
    const { status, body } = await yard.client.admin("GET", `/api/leads/${id}/decision`);
    if (status !== 200) found.push(`the decision about ${id} is answered ${status}`);
    else if (body.rule !== decided) found.push(`${id} went by rule ${decided}, again by ${body.rule}`);
  }
  return found;
}

/** Looking adds to the log: whoever has a model rebuilt is audited. */
const CONDITIONS: Readonly<Record<string, string>> = {
  "audit.change": "where type is distinct from 'RebuildRequested'",
};

/** What each read model holds, one text for each row. */
export async function readModels(yard: ChaosYard): Promise<Map<string, string[]>> {
  const { body } = await yard.client.admin<{ name: string }[]>("GET", "/api/projections");
  const tables = await yard.database.query<{ name: string }>(
    "select schemaname || '.' || tablename as name from pg_tables where schemaname = any($1) order by 1",
    [body.map(({ name }) => name)],
  );
  const rows = new Map<string, string[]>();
  for (const { name } of tables) {
    const found = await yard.database.query<{ row: string }>(
      `select t::text as row from ${name} t ${CONDITIONS[name] ?? ""} order by 1`,
    );
    rows.set(
      name,
      found.map(({ row }) => row),
    );
  }
  return rows;
}

export function differences(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((table) => {
    const [live, rebuilt] = [new Set(before.get(table)), new Set(after.get(table))];
    const [gone] = [...live].filter((row) => !rebuilt.has(row));
    const [added] = [...rebuilt].filter((row) => !live.has(row));
    if (gone === undefined && added === undefined) return [];
    return [`${table} is another one when rebuilt: live ${gone ?? "-"}, rebuilt ${added ?? "-"}`];
  });
}
