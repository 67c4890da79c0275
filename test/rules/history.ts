// A history of submissions as the log would have it, without anybody having sent them.
import type { PartnerId, PersonId, RuleId, SourceId, SubmissionId } from "#domain/ids.ts";
import { personKey, submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { seedOf } from "#domain/submission/route.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Yard } from "#platform/yard.ts";

export interface Past {
  readonly payload: Readonly<Record<string, unknown>>;
  /** Where it went; null where no rule matched. */
  readonly partner: string | null;
  readonly looked_up?: Submission["looked_up"];
  /** False as it was before decisions were recorded. */
  readonly recorded?: boolean;
  readonly at?: string;
}

const codec = createCodec(submissionEvents);
const AT_ONCE = 256;
const AT = "2026-01-01T00:00:00.000Z";

/** `name` tells one history from another; the ids of person and submission follow from it and the number. */
export const pastIds = (name: string, n: number) => ({
  id: deterministicUuid(name, `${n}`) as SubmissionId,
  person: deterministicUuid(name, "person", `${n}`) as PersonId,
});

/** Each in a stream of its own, with all that a delivered one has in it. */
export async function appendHistory(
  yard: Pick<Yard, "eventStore" | "vault">,
  name: string,
  count: number,
  past: (n: number) => Past,
): Promise<void> {
  const [vault, store] = [await yard.vault(), yard.eventStore()];
  for (let from = 0; from < count; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => from + n);
    await vault.ensureKeys(numbers.map((n) => personKey(pastIds(name, n).person)));
    await Promise.all(
      numbers.map(async (n) => {
        const { payload, partner, looked_up, recorded = true, at = AT } = past(n);
        const { id, person } = pastIds(name, n);
        const about = { kind: "lead", source: "demo" as SourceId, received_at: at } as const;
        const key = personKey(person);
        const submission = { ...about, idempotency_key: `${n}`, payload, normalised: {} };
        const context = submissionContext(id);
        const told = { ...submission, ...(looked_up && { looked_up }) };
        const sealed = vault.sealCached(key, told, context) ?? (await vault.seal(key, told, context));
        const decided = recorded ? { decided: { at, seed: seedOf(id), closed: [] } } : {};
        const received = { submission_id: id, ...about, fingerprint: "f", key_fingerprint: "k", sealed };
        const identified = { submission_id: id, person_id: person, match: "new" as const, sealed };
        const stored: SubmissionEvent[] = [
          { type: "SubmissionReceived", data: received },
          { type: "PersonIdentified", data: identified },
        ];
        if (partner === null) {
          const data = { submission_id: id, reason: "no_rule_matched", ruleset_version: 1, ...decided };
          stored.push({ type: "SubmissionUnrouted", data });
        } else {
          const delivery_id = deterministicUuid(id, "delivery") as never;
          const to = partner as PartnerId;
          const route = {
            partner: to,
            delivery_id,
            leg: 1,
            remaining: [],
            rule: "past" as RuleId,
            ruleset_version: 1,
          };
          const routed = {
            submission_id: id,
            ...about,
            person_id: person,
            key_fingerprint: "k",
            route,
            sealed,
          };
          stored.push({ type: "SubmissionRouted", data: { ...routed, ...decided } });
        }
        const stream = submissionStream(id);
        const events = stored.map((event, k) =>
          codec.encode(event, { id: deterministicUuid(stream, `${k}`), at }),
        );
        await store.append(stream, "no_stream", events);
      }),
    );
  }
}
