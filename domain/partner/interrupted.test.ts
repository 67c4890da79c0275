import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PartnerEvent } from "./events.ts";
import {
  about,
  at,
  edu,
  failed,
  given,
  http503,
  record,
  started,
  T0,
  timings,
  usual,
} from "./fixtures/deliveries.ts";
import { interruptedAttempts } from "./interrupted.ts";

const test = suite("interrupted attempts");

test("what we interrupted ourselves is no fault of the partner's", () => {
  const policy = { ...usual, circuit: { failure_threshold: 1, open_ms: 1_000 } };
  given(started(1))
    .when(record(1, { outcome: "interrupted", reason: "interrupted" }, { policy }))
    .then({
      type: "DeliveryFailed",
      data: {
        ...about(1),
        timings,
        interrupted: true,
        in_doubt: true,
        attempt: 1,
        reason: "interrupted",
        retry_at: at(0),
      },
    });
});

test("an interrupted attempt is none of the tries that a partner has", () => {
  const interrupted: PartnerEvent = {
    type: "DeliveryFailed",
    data: { ...about(1), attempt: 1, timings, reason: "interrupted", retry_at: at(0), interrupted: true },
  };
  const twice = { ...usual, retry: { ...usual.retry, max_attempts: 2 } };
  given(started(1), interrupted, started(1, 2))
    .when(record(1, http503, { attempt: 2, policy: twice }))
    .then(failed(1, 2, 500));
});

test("an attempt that was never made is repeated also where repeats are not recognised, and is none of the tries", () => {
  const policy = { ...usual, idempotent: false, retry: { ...usual.retry, max_attempts: 1 } };
  const notCalled = { ...about(1), timings, interrupted: true as const, reason: "circuit_open" };
  given(started(1))
    .when(record(1, { outcome: "not_called", reason: "circuit_open" }, { policy }))
    .then({ type: "DeliveryFailed", data: { ...notCalled, attempt: 1, retry_at: at(0) } });
});

test("nobody makes the attempts that a writer which died has started: they are interrupted", () => {
  const { state } = given(started(1), started(2), failed(2, 1, 0), started(3), started(4));
  const underWay = new Map([
    [about(3).delivery_id, 1],
    [about(4).delivery_id, 2],
  ]);
  const commands = interruptedAttempts(state, edu, usual, (one) => underWay.get(one), T0 + 70);
  assert.equal(
    commands.map(({ delivery_id, attempt, outcome }) => [delivery_id, attempt, outcome.outcome]),
    [
      [about(1).delivery_id, 1, "interrupted"],
      [about(4).delivery_id, 1, "interrupted"],
    ],
  );
  assert.equal(commands[0]?.timings, { total_ms: 70, partner_ms: 0, overhead_ms: 70 });
});

test.run();
