// Whatever order mails, outcomes and crashes come in: one effect per delivery, and none after a recorded success.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import type { PartnerCommand, Policy } from "./command.ts";
import { partnerDecider } from "./decide.ts";
import type { PartnerEvent } from "./events.ts";
import { interruptedAttempts } from "./interrupted.ts";
import type { AttemptOutcome } from "./outcome.ts";
import type { PartnerState } from "./state.ts";

const { evolve, decide } = partnerDecider;
const stateAfter = (log: readonly PartnerEvent[]): PartnerState => log.reduce(evolve, partnerDecider.initial);

const partner = PartnerId.parse("edu");
const sealed = { key: "k", iv: "", tag: "", data: "" };
const timings = { total_ms: 0, partner_ms: 0, overhead_ms: 0 };
const DELIVERIES = 4;
const about = (number: number) => ({
  partner,
  delivery_id: DeliveryId.parse(`00000000-0000-8000-8000-00000000000${number}`),
  submission_id: SubmissionId.parse(`00000000-0000-8000-9000-00000000000${number}`),
});

type Step =
  | { readonly do: "mail"; readonly delivery: number }
  | { readonly do: "respond"; readonly delivery: number; readonly outcome: AttemptOutcome["outcome"] }
  | { readonly do: "crash" }
  | { readonly do: "wait"; readonly ms: number };

const number = fc.integer({ min: 0, max: DELIVERIES - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("mail" as const), delivery: number }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("respond" as const),
      delivery: number,
      outcome: fc.constantFrom("succeeded", "duplicate", "rejected", "failed", "unknown", "not_called"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "crash" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(3_000) }) },
);

/** The actor in small: a log, a state folded from it, and calls under way that die with the process. */
function run(steps: readonly Step[], policy: Policy, sharedKey: boolean) {
  const log: PartnerEvent[] = [];
  let state = partnerDecider.initial;
  let now = 0;
  const calls = new Map<DeliveryId, number>();
  const effects: string[] = [];

  const obey = (command: PartnerCommand): boolean => {
    const decision = decide(command, state);
    if (!decision.accepted) return false;
    log.push(...decision.events);
    state = decision.events.reduce(evolve, state);
    return decision.events.some((event) => event.type === "DeliveryStarted");
  };

  for (const one of steps) {
    if (one.do === "wait") now += one.ms;
    if (one.do === "mail") {
      const key = sharedKey ? "shared" : `key ${one.delivery}`;
      const { delivery_id } = about(one.delivery);
      const begun = obey({
        type: "start_attempt",
        ...about(one.delivery),
        dedupe_key: key,
        sealed_request: sealed,
        policy,
        at: now,
      });
      if (begun) calls.set(delivery_id, state.open.get(delivery_id)?.attempts ?? 0);
    }
    if (one.do === "respond") {
      const { delivery_id } = about(one.delivery);
      const attempt = calls.get(delivery_id);
      if (attempt === undefined) continue;
      calls.delete(delivery_id);
      if (one.outcome === "succeeded") effects.push(delivery_id);
      obey({
        type: "record_outcome",
        ...about(one.delivery),
        attempt,
        outcome: { outcome: one.outcome, reason: "told" },
        timings,
        policy,
        at: now,
        chance: 0.5,
      });
    }
    if (one.do === "crash") {
      calls.clear();
      state = stateAfter(log);
      for (const command of interruptedAttempts(state, partner, policy, (id) => calls.get(id), now))
        obey(command);
    }
  }
  return { log, state, effects };
}

const policies: fc.Arbitrary<Policy> = fc.record({
  idempotent: fc.boolean(),
  retry: fc.record({
    max_attempts: fc.integer({ min: 1, max: 4 }),
    base_ms: fc.constant(500),
    max_ms: fc.constant(2_000),
  }),
  circuit: fc.record({ failure_threshold: fc.integer({ min: 1, max: 4 }), open_ms: fc.constant(1_000) }),
});

const test = suite("any interleaving of mails, outcomes and crashes");
const runs = { numRuns: 500 };
const history = fc.array(step, { maxLength: 60 });

test("gives at most one success per delivery, and no call after it", () => {
  fc.assert(
    fc.property(history, policies, fc.boolean(), (steps, policy, sharedKey) => {
      const { log, effects } = run(steps, policy, sharedKey);
      assert.equal(new Set(effects).size, effects.length);
      const ended = new Set<string>();
      for (const event of log) {
        if (!("delivery_id" in event.data)) continue;
        assert.not(ended.has(event.data.delivery_id), `${event.type} after the end`);
        if (!["DeliveryStarted", "DeliveryFailed", "DeliveryHeld"].includes(event.type))
          ended.add(event.data.delivery_id);
      }
    }),
    runs,
  );
});

test("gives at most one success per dedupe key", () => {
  fc.assert(
    fc.property(history, policies, (steps, policy) => {
      assert.ok(run(steps, policy, true).effects.length <= 1);
    }),
    runs,
  );
});

test("asks a partner that does not recognise repeats at most once after a doubtful attempt", () => {
  fc.assert(
    fc.property(history, policies, (steps, policy) => {
      const { log } = run(steps, { ...policy, idempotent: false }, false);
      const doubtful = log.filter(
        ({ type, data }) =>
          type === "DeliveryFailed" && "interrupted" in data && data.reason === "interrupted",
      );
      assert.is(doubtful.length, 0);
    }),
    runs,
  );
});

test("leaves a state that the log gives again", () => {
  fc.assert(
    fc.property(history, policies, (steps, policy) => {
      const { log, state } = run(steps, policy, false);
      assert.equal(stateAfter(log), state);
    }),
    runs,
  );
});

test.run();
