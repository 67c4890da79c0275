// What has to hold at the end of a simulation, read from the log and from what the partners took.
import { comparable } from "#domain/identity/comparable.ts";
import { factsOf } from "#domain/submission/route.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Sealed } from "#platform/vault/vault.ts";
import type { SimulatedLog } from "./event-store.ts";
import { CAP, PARTNERS, routable } from "./parts.ts";

/** Effects by partner and delivery id. */
export type EffectsOf = ReadonlyMap<string, ReadonlyMap<string, number>>;

type Fields = Record<string, unknown>;
const fieldsOf = (event: StoredEvent): Fields => event.data as Fields;
const ENDS = new Set([
  ...["SubmissionUnrouted", "DeliverySucceeded", "DeliveryDuplicated", "SubmissionRejected"],
  "SubmissionDeadLettered",
]);

/** Those that have not ended, each with its last event. */
export function openSubmissions(log: SimulatedLog, ids: readonly string[]): string[] {
  const last = new Map<string, string>();
  for (const event of log.events) {
    const { submission_id } = fieldsOf(event);
    if (typeof submission_id !== "string" || event.stream === "identity") continue;
    if (!ENDS.has(last.get(submission_id) ?? "")) last.set(submission_id, event.type);
  }
  return ids
    .filter((id) => !ENDS.has(last.get(id) ?? ""))
    .map((id) => `${id} (${last.get(id) ?? "nothing"})`);
}

export function violationsIn(log: SimulatedLog, ids: readonly string[], effects: EffectsOf): string[] {
  const open = openSubmissions(log, ids);
  return [
    ...(open.length > 0 ? [`not ended: ${open.join(", ")}`] : []),
    ...deliveryViolations(log, effects),
    ...ids.flatMap((id) => submissionViolations(log.stream(`submission-${id}`), id)),
    ...personViolations(log, ids),
  ];
}

function deliveryViolations(log: SimulatedLog, effects: EffectsOf): string[] {
  const found: string[] = [];
  const effectsOfSubmission = new Map<string, number>();
  for (const partner of PARTNERS.keys()) {
    const deliveries = Map.groupBy(
      log.stream(`partner-${partner}`).filter((event) => fieldsOf(event).delivery_id !== undefined),
      (event) => fieldsOf(event).delivery_id as string,
    );
    const taken = effects.get(partner) ?? new Map<string, number>();
    let successes = 0;
    for (const [id, events] of deliveries) {
      const types = events.map(({ type }) => type);
      const about = `delivery ${id} to ${partner} (${types.join(", ")})`;
      const attempts = events
        .filter(({ type }) => type === "DeliveryStarted")
        .map((event) => fieldsOf(event).attempt);
      if (attempts.some((attempt, n) => attempt !== n + 1)) found.push(`${about}: attempts are ${attempts}`);
      const succeeded = types.indexOf("DeliverySucceeded");
      if (succeeded >= 0) {
        successes += 1;
        if (types.lastIndexOf("DeliverySucceeded") !== succeeded) found.push(`${about}: succeeded twice`);
        if (types.lastIndexOf("DeliveryStarted") > succeeded)
          found.push(`${about}: was begun after its success`);
        if ((taken.get(id) ?? 0) === 0) found.push(`${about}: the partner has nothing of it`);
      }
      types.forEach((type, n) => {
        if (type === "DeliveryStarted" && (types[n + 1] ?? "DeliveryStarted") === "DeliveryStarted")
          found.push(`${about}: attempt ${n + 1} has no outcome`);
      });
      const submission = String(fieldsOf(events[0] as StoredEvent).submission_id);
      const count = taken.get(id) ?? 0;
      // Who recognises an id has one effect of it, however often it came.
      const own = PARTNERS.get(partner)?.config.idempotent ? Math.min(1, count) : count;
      effectsOfSubmission.set(submission, (effectsOfSubmission.get(submission) ?? 0) + own);
    }
    for (const id of taken.keys())
      if (!deliveries.has(id)) found.push(`${partner} has ${id}, of which the log knows nothing`);
    if (partner === "capped" && Math.max(successes, taken.size) > CAP)
      found.push(`capped may have ${CAP}: ${successes} are recorded, it has ${taken.size}`);
  }
  for (const [submission, count] of effectsOfSubmission)
    if (count > 1) found.push(`submission ${submission} had ${count} effects`);
  return found;
}

function submissionViolations(events: readonly StoredEvent[], id: string): string[] {
  const found: string[] = [];
  const of = (type: string): StoredEvent[] => events.filter((event) => event.type === type);
  if (of("SubmissionReceived").length !== 1) found.push(`submission ${id} is not once in the log`);
  if (of("PersonIdentified").length > 1) found.push(`submission ${id} was identified twice`);
  const routed = of("SubmissionRouted");
  const legs = routed.map((event) => (fieldsOf(event).route as { leg: number }).leg);
  if (legs.some((leg, n) => leg !== n + 1)) found.push(`submission ${id} went to legs ${legs}`);
  const [first] = routed;
  if (first === undefined) return found;
  // Taken once more with the rules in force on what was recorded.
  const submission = Submission.parse(JSON.parse((fieldsOf(first).sealed as Sealed).data));
  const again = routable.decide(factsOf(submission))?.id;
  const { rule } = fieldsOf(first).route as { rule: string };
  if (again !== rule) found.push(`submission ${id} went by rule ${rule}, again by ${again}`);
  return found;
}

/** Two of three details never change, so whoever has the same two is one person. */
function personViolations(log: SimulatedLog, ids: readonly string[]): string[] {
  const persons = new Map<string, Set<string>>();
  for (const id of ids) {
    const events = log.stream(`submission-${id}`);
    const identified = events.find(({ type }) => type === "PersonIdentified");
    const received = events[0];
    if (identified === undefined || received === undefined) continue;
    const { normalised } = Submission.parse(JSON.parse((fieldsOf(received).sealed as Sealed).data));
    const { email, phone } = comparable(normalised);
    const own = persons.get(`${email} ${phone}`) ?? new Set();
    persons.set(`${email} ${phone}`, own.add(String(fieldsOf(identified).person_id)));
  }
  return [...persons].flatMap(([who, own]) =>
    own.size > 1 ? [`${who} is ${own.size} persons: ${[...own]}`] : [],
  );
}
