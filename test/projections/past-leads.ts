// What the log tells of leads that were delivered: six events each, sealed as the real ones are. One in ten is from a person who is known
// under another name.
import { IDENTITY_STREAM, identityEvents } from "#domain/identity/events.ts";
import { AliasId, DeliveryId, PartnerId, PersonId, RuleId, SourceId, SubmissionId } from "#domain/ids.ts";
import { partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { TestYard } from "../leads/yard.ts";

const PARTNERS = ["edu", "fin", "med"].map((one) => PartnerId.parse(one));
const codec = createCodec({ ...submissionEvents, ...partnerEvents, ...identityEvents });
export const EVENTS_OF_A_LEAD = 6;
const REPEATED_EVERY = 10;
const isRepeated = (n: number): boolean => n % REPEATED_EVERY === REPEATED_EVERY - 1;

/** The stages of a life, in order: to which stream, and which events. */
export type Life = readonly (readonly [stream: string, events: readonly NewEvent[]])[];

export async function lives(
  { own }: Pick<TestYard, "own">,
  count: number,
  at = new Date().toISOString(),
  /** What tells the details of one from another's. */
  first = 0,
): Promise<Life[]> {
  const vault = await own.vault();
  const source = SourceId.parse("demo");
  const persons = Array.from({ length: count }, () => PersonId.parse(newUuid()));
  await vault.ensureKeys(persons.map((id) => `person-${id}`));
  const all: Life[] = [];
  for (let n = 0; n < count; n += 1) {
    const submission_id = SubmissionId.parse(newUuid());
    const person_id = persons[isRepeated(n) ? n - REPEATED_EVERY + 1 : n] as PersonId;
    const alias_id = isRepeated(n) ? AliasId.parse(newUuid()) : undefined;
    const delivery_id = DeliveryId.parse(newUuid());
    const partner = PARTNERS[n % PARTNERS.length] as PartnerId;
    const payload = {
      email: `p${first + n}@example.com`,
      phone: `+1555${first + n}`,
      full_name: `Person ${first + n}`,
      interest: "education",
    };
    const submission: Submission = {
      kind: "lead",
      source,
      received_at: at,
      idempotency_key: submission_id,
      payload,
      normalised: { email: payload.email, phone: payload.phone, full_name: payload.full_name },
    };
    const context = `submission-${submission_id}`;
    const key = `person-${person_id}`;
    const intake = await vault.seal(`intake-${at.slice(0, 10)}`, submission, context);
    const sealed = await vault.seal(key, submission, context);
    const request = await vault.seal(
      key,
      { url: "http://localhost/", body: payload },
      `delivery-${delivery_id}`,
    );
    const details = await vault.seal(key, payload, `person-${person_id}`);
    const about = {
      submission_id,
      kind: "lead",
      source,
      received_at: at,
      key_fingerprint: newUuid(),
    } as const;
    const delivery = { partner, delivery_id, submission_id };
    const rule = RuleId.parse(partner);
    const route = { partner, delivery_id, leg: 1, remaining: [], rule, ruleset_version: 1 };
    const traits = { email: newUuid(), phone: newUuid(), name: newUuid() };
    const record = { person_id, submission_id, traits, sealed: details };
    const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };
    const event = (one: Parameters<typeof codec.encode>[0]): NewEvent =>
      codec.encode(one, { id: newUuid(), at });
    const own = submissionStream(submission_id);
    all.push([
      [
        own,
        [event({ type: "SubmissionReceived", data: { ...about, fingerprint: newUuid(), sealed: intake } })],
      ],
      [
        IDENTITY_STREAM,
        [
          alias_id === undefined
            ? event({ type: "PersonRegistered", data: record })
            : event({ type: "AliasRecorded", data: { ...record, alias_id, differs: ["name"] } }),
        ],
      ],
      [
        own,
        [
          event({
            type: "PersonIdentified",
            data: { submission_id, person_id, alias_id, match: alias_id === undefined ? "new" : "alias" },
          }),
          event({
            type: "SubmissionRouted",
            data: { ...about, person_id, route, sealed, decided: { at, seed: n, closed: [] } },
          }),
        ],
      ],
      [
        partnerStream(partner),
        [
          event({
            type: "DeliveryStarted",
            data: { ...delivery, attempt: 1, dedupe_key: newUuid(), started_at: at, sealed_request: request },
          }),
        ],
      ],
      [
        partnerStream(partner),
        [
          event({
            type: "DeliverySucceeded",
            data: { ...delivery, attempt: 1, timings, sealed_response: request },
          }),
        ],
      ],
    ]);
  }
  return all;
}

export const STAGES = 5;

/** What each stream gets of a stage. */
export function byStream(cohort: readonly Life[], stage: number): ReadonlyMap<string, readonly NewEvent[]> {
  const streams = new Map<string, NewEvent[]>();
  for (const life of cohort) {
    const [stream, events] = life[stage] as Life[number];
    const known = streams.get(stream);
    if (known === undefined) streams.set(stream, [...events]);
    else known.push(...events);
  }
  return streams;
}

/** One append to each stream, as the actors do it. */
export async function append(
  { own }: Pick<TestYard, "own">,
  cohort: readonly Life[],
  stage: number,
): Promise<void> {
  await Promise.all(
    Array.from(byStream(cohort, stage), ([stream, events]) => own.eventStore().append(stream, "any", events)),
  );
}

const COHORT = 500;

/** So many leads more, as fast as the store takes them. */
export async function appendPastLeads(
  yard: Pick<TestYard, "own">,
  count: number,
  at?: string,
): Promise<void> {
  for (let from = 0; from < count; from += COHORT) {
    const cohort = await lives(yard, Math.min(COHORT, count - from), at);
    for (let stage = 0; stage < STAGES; stage += 1) await append(yard, cohort, stage);
  }
}
