import { suite } from "uvu";
import * as assert from "uvu/assert";
import { given as givenHistory } from "../fixtures/given.ts";
import { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import type { GiveUp, Policy, RecordOutcome, StartAttempt } from "./command.ts";
import { partnerDecider } from "./decide.ts";
import type { PartnerEvent } from "./events.ts";
import { interruptedAttempts } from "./interrupted.ts";

const edu = PartnerId.parse("edu");
const T0 = Date.parse("2026-01-01T00:00:00.000Z");
const at = (ms: number): string => new Date(T0 + ms).toISOString();
const id = (number: number): string => `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;
const about = (number: number) => ({
  partner: edu,
  delivery_id: DeliveryId.parse(id(number)),
  submission_id: SubmissionId.parse(id(1_000 + number)),
});
const sealed = { key: "k", iv: "", tag: "", data: "" };
const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };

const usual: Policy = {
  retry: { max_attempts: 3, base_ms: 500, max_ms: 60_000 },
  circuit: { failure_threshold: 5, open_ms: 30_000 },
  idempotent: true,
};

const start = (number: number, over: { at?: number; key?: string; policy?: Policy } = {}): StartAttempt => ({
  type: "start_attempt",
  ...about(number),
  dedupe_key: over.key ?? `key ${number}`,
  sealed_request: sealed,
  policy: over.policy ?? usual,
  at: T0 + (over.at ?? 0),
});
const record = (
  number: number,
  outcome: RecordOutcome["outcome"],
  over: { attempt?: number; at?: number; chance?: number; policy?: Policy } = {},
): RecordOutcome => ({
  type: "record_outcome",
  ...about(number),
  attempt: over.attempt ?? 1,
  outcome,
  timings,
  policy: over.policy ?? usual,
  at: T0 + (over.at ?? 0),
  chance: over.chance ?? 1,
});
const giveUp = (number: number): GiveUp => ({
  type: "give_up",
  ...about(number),
  cause: "partner_removed",
  reason: "gone",
});

const started = (number: number, attempt = 1, key = `key ${number}`): PartnerEvent => ({
  type: "DeliveryStarted",
  data: { ...about(number), attempt, dedupe_key: key, started_at: at(0), sealed_request: sealed },
});
const succeeded = (number: number, attempt = 1): PartnerEvent => ({
  type: "DeliverySucceeded",
  data: { ...about(number), attempt, timings },
});
const failed = (number: number, attempt: number, retry: number): PartnerEvent => ({
  type: "DeliveryFailed",
  data: {
    ...about(number),
    attempt,
    timings,
    reason: "http_503",
    retry_at: at(retry),
    ...(retry > 60_000 && { timer: true as const }),
  },
});
const opened = (until: number, reason: string): PartnerEvent => ({
  type: "CircuitOpened",
  data: { partner: edu, until: at(until), reason },
});
const halfOpened = (probe: number): PartnerEvent => ({
  type: "CircuitHalfOpened",
  data: { partner: edu, probe: about(probe).delivery_id },
});
const http503 = { outcome: "failed", reason: "http_503" } as const;

const given = (...history: PartnerEvent[]) => givenHistory(partnerDecider, ...history);

const test = suite("a partner");

test("a delivery is written down before it is called", () => {
  given().when(start(1)).then(started(1));
});

test("a delivery that is being called is not called again", () => {
  given(started(1)).when(start(1)).thenRefused("in_flight");
});

test("a delivery that succeeded is never called again", () => {
  given(started(1), succeeded(1)).when(start(1)).thenRefused("already_ended");
});

test("another delivery with the same key is a duplicate of the one that succeeded", () => {
  given(started(1, 1, "same"), succeeded(1))
    .when(start(2, { key: "same" }))
    .then({
      type: "DeliveryDuplicated",
      data: { ...about(2), attempts: 0, of: about(1).delivery_id, reason: "already_delivered" },
    });
});

test("two with the same key at once: the second waits for the first, and knows until when", () => {
  const same = start(2, { key: "same" });
  const by = about(1).delivery_id;
  given(started(1, 1, "same"))
    .when(same)
    .thenRefused("key_in_flight", { by, until: undefined });
  given(started(1, 1, "same"), failed(1, 1, 7_000))
    .when(same)
    .thenRefused("key_in_flight", { by, until: T0 + 7_000 });
});

test("a key is free again once its window is over, or its delivery came to nothing", () => {
  const anHour = { ...usual, dedupe: { fields: ["email"], window_hours: 1 } };
  const later = start(2, { key: "same", at: 3_600_000, policy: anHour });
  given(started(1, 1, "same"), succeeded(1))
    .when(later)
    .then({
      type: "DeliveryStarted",
      data: {
        ...about(2),
        attempt: 1,
        dedupe_key: "same",
        started_at: at(3_600_000),
        sealed_request: sealed,
      },
    });
  const declined: PartnerEvent = {
    type: "DeliveryRejected",
    data: { ...about(1), attempt: 1, timings, reason: "http_400" },
  };
  given(started(1, 1, "same"), declined)
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
});

test("a retry keeps the key it began with", () => {
  given(started(1, 1, "before"), failed(1, 1, 0))
    .when(start(1, { key: "after" }))
    .then(started(1, 2, "before"));
});

test("a transient failure waits: exponential, full jitter", () => {
  given(started(1))
    .when(record(1, http503, { chance: 0.5 }))
    .then(failed(1, 1, 250));
  given(started(1), failed(1, 1, 0), started(1, 2))
    .when(record(1, http503, { attempt: 2 }))
    .then(failed(1, 2, 1_000));
  given(started(1), failed(1, 1, 400))
    .when(start(1, { at: 399 }))
    .thenRefused("not_yet", { until: T0 + 400, timer: false });
  given(started(1), failed(1, 1, 61_000))
    .when(start(1))
    .thenRefused("not_yet", { until: T0 + 61_000, timer: true });
});

test("waits longer than a year are cut to one, so that their end can be written down", () => {
  const year = 365 * 24 * 3_600_000;
  const endless = { max_attempts: 3, base_ms: Number.MAX_SAFE_INTEGER, max_ms: Number.MAX_SAFE_INTEGER };
  const policy = { ...usual, retry: endless, circuit: { failure_threshold: 1, open_ms: 9e15 } };
  given(started(1))
    .when(record(1, http503, { policy }))
    .then(failed(1, 1, year), opened(year, "failures_in_a_row"));
});

test("Retry-After is the least that is waited", () => {
  given(started(1))
    .when(record(1, { outcome: "failed", reason: "http_503", retry_after_ms: 7_000 }, { chance: 0.1 }))
    .then(failed(1, 1, 7_000));
});

test("exhausted retries make a dead letter and open the circuit", () => {
  given(started(1), failed(1, 1, 0), started(1, 2), failed(1, 2, 0), started(1, 3))
    .when(record(1, http503, { attempt: 3 }))
    .then(
      {
        type: "DeliveryDeadLettered",
        data: { ...about(1), timings, attempts: 3, reason: "http_503", cause: "retries_exhausted" },
      },
      opened(30_000, "retries_exhausted"),
    );
});

test("failures in a row open the circuit; a response in between starts the count anew", () => {
  const policy = { ...usual, circuit: { failure_threshold: 2, open_ms: 1_000 } };
  given(started(1), failed(1, 1, 0), started(2))
    .when(record(2, http503, { chance: 0, policy }))
    .then(failed(2, 1, 0), opened(1_000, "failures_in_a_row"));
  given(started(1), failed(1, 1, 0), started(3), succeeded(3), started(2))
    .when(record(2, http503, { chance: 0, policy }))
    .then(failed(2, 1, 0));
});

test("an open circuit lets nothing through until its time, then one probe", () => {
  given(opened(1_000, "x"))
    .when(start(1))
    .thenRefused("circuit_open", { until: T0 + 1_000 });
  given(opened(0, "x")).when(start(1)).then(halfOpened(1), started(1));
  given(opened(0, "x"), halfOpened(1), started(1)).when(start(2)).thenRefused("probe_in_flight");
});

test("the probe decides: a response closes the circuit, a failure opens it again", () => {
  const half = [opened(0, "x"), halfOpened(1), started(1)];
  given(...half)
    .when(record(1, { outcome: "succeeded" }))
    .then(succeeded(1), { type: "CircuitClosed", data: { partner: edu } });
  given(...half)
    .when(record(1, http503, { chance: 0 }))
    .then(failed(1, 1, 0), opened(30_000, "probe_failed"));
});

test("an unknown outcome is retried only where the partner recognises a repeat", () => {
  const unknown = { outcome: "unknown", reason: "timeout" } as const;
  given(started(1))
    .when(record(1, unknown, { chance: 0 }))
    .then({
      type: "DeliveryFailed",
      data: { ...about(1), timings, attempt: 1, reason: "timeout", retry_at: at(0), in_doubt: true },
    });
  given(started(1))
    .when(record(1, unknown, { policy: { ...usual, idempotent: false } }))
    .then({
      type: "DeliveryDeadLettered",
      data: {
        ...about(1),
        timings,
        attempts: 1,
        reason: "timeout",
        cause: "outcome_unknown",
        in_doubt: true,
      },
    });
});

const timeout = { outcome: "unknown", reason: "timeout" } as const;
const inDoubt = (number: number, attempt: number): PartnerEvent => ({
  type: "DeliveryFailed",
  data: { ...about(number), timings, attempt, reason: "timeout", retry_at: at(0), in_doubt: true },
});
const unknownTo = (
  number: number,
  attempts: number,
  reason: string,
  more: object = { timings },
): PartnerEvent => ({
  type: "DeliveryDeadLettered",
  data: { ...about(number), ...more, attempts, reason, cause: "outcome_unknown", in_doubt: true },
});

test("a delivery that ends says whether any of its attempts was in doubt", () => {
  for (const last of [timeout, http503])
    given(started(1), inDoubt(1, 1), started(1, 2), failed(1, 2, 0), started(1, 3))
      .when(record(1, last, { attempt: 3 }))
      .then(
        {
          type: "DeliveryDeadLettered",
          data: {
            ...about(1),
            timings,
            attempts: 3,
            reason: last.reason,
            cause: "retries_exhausted",
            in_doubt: true,
          },
        },
        opened(30_000, "retries_exhausted"),
      );
  given(started(1), inDoubt(1, 1))
    .when(giveUp(1))
    .then({
      type: "DeliveryDeadLettered",
      data: { ...about(1), attempts: 1, reason: "gone", cause: "partner_removed", in_doubt: true },
    });
});

test("what is in doubt is not repeated once the partner is said not to recognise a repeat", () => {
  const policy = { ...usual, idempotent: false };
  given(started(1), inDoubt(1, 1))
    .when(start(1, { policy }))
    .then(unknownTo(1, 1, "not_idempotent", {}));
  // It was being repeated just then: whatever comes of that, the first attempt may have been taken, unless this partner has it now.
  const repeated = given(started(1), inDoubt(1, 1), started(1, 2));
  for (const outcome of [http503, timeout, { outcome: "rejected", reason: "no" } as const])
    repeated.when(record(1, outcome, { attempt: 2, policy })).then(unknownTo(1, 2, outcome.reason));
  repeated.when(record(1, { outcome: "succeeded" }, { attempt: 2, policy })).then(succeeded(1, 2));
  // What certainly failed is no doubt.
  given(started(1), failed(1, 1, 0))
    .when(start(1, { policy }))
    .then(started(1, 2));
});

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

test("an outcome of an attempt that is over says nothing", () => {
  given(started(1), failed(1, 1, 0), started(1, 2))
    .when(record(1, { outcome: "succeeded" }, { attempt: 1 }))
    .thenRefused("not_calling");
});

test("a removed partner's mail becomes a dead letter", () => {
  given()
    .when(giveUp(1))
    .then({
      type: "DeliveryDeadLettered",
      data: { ...about(1), attempts: 0, reason: "gone", cause: "partner_removed" },
    });
});

const retire = { type: "retire", partner: edu, at: T0 } as const;
const retired: PartnerEvent = { type: "PartnerRetired", data: { partner: edu } };

test("a removed partner retires when all that it began has ended", () => {
  given(started(1)).when(retire).thenRefused("not_ended");
  given(started(1), failed(1, 1, 0))
    .when(retire)
    .thenRefused("not_ended");
  given(started(1), succeeded(1)).when(retire).then(retired);
  given(retired).when(retire).then(retired);
});

test("who comes after a retired partner begins anew, and is still sent nothing twice", () => {
  const history = [started(1, 1, "same"), succeeded(1), opened(9_000, "x"), retired];
  given(...history)
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
  given(...history)
    .when(start(1))
    .thenRefused("already_ended");
});

const unknownEnd: PartnerEvent = {
  type: "DeliveryDeadLettered",
  data: { ...about(1), attempts: 1, timings, reason: "timeout", in_doubt: true, cause: "outcome_unknown" },
};
const reconcile = (outcome: "delivered" | "not_delivered") =>
  ({ type: "reconcile_delivery", ...about(1), outcome, reason: "asked them", price: 7 }) as const;
const reconciled = (outcome: "delivered" | "not_delivered"): PartnerEvent => ({
  type: "DeliveryReconciled",
  data: { ...about(1), outcome, reason: "asked them", ...(outcome === "delivered" && { price: 7 }) },
});

test("what is in doubt is reconciled once, and nothing else is", () => {
  const history = [started(1, 1, "same"), unknownEnd];
  for (const outcome of ["delivered", "not_delivered"] as const) {
    given(...history)
      .when(reconcile(outcome))
      .then(reconciled(outcome));
    for (const second of ["delivered", "not_delivered"] as const)
      given(...history, reconciled(outcome))
        .when(reconcile(second))
        .thenRefused("not_in_doubt");
  }
  given(started(1)).when(reconcile("delivered")).thenRefused("not_in_doubt");
  given(started(1), succeeded(1)).when(reconcile("not_delivered")).thenRefused("not_in_doubt");
});

test("what turns out to be delivered is a duplicate for all others, and what was not frees its place", () => {
  const history = [started(1, 1, "same"), unknownEnd];
  given(...history, reconciled("delivered"))
    .when(start(2, { key: "same" }))
    .then({
      type: "DeliveryDuplicated",
      data: { ...about(2), attempts: 0, of: about(1).delivery_id, reason: "already_delivered" },
    });
  given(...history, reconciled("not_delivered"))
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
  assert.is(given(...history).state.use.total, 1);
  assert.is(given(...history, reconciled("delivered")).state.use.total, 1);
  assert.is(given(...history, reconciled("not_delivered")).state.use.total, 0);
});

test("what has the key of one in doubt is sent by nobody until somebody has found out", () => {
  const history = [started(1, 1, "same"), unknownEnd];
  given(...history)
    .when(start(2, { key: "same" }))
    .then({
      type: "DeliveryDeadLettered",
      data: { ...about(2), attempts: 0, reason: "same_key_in_doubt", cause: "dedupe_failed" },
    });
  given(...history)
    .when(start(2, { key: "other" }))
    .then(started(2, 1, "other"));
  given(...history, reconciled("not_delivered"))
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
});

test("what a retired partner was found to have is no duplicate for who has its id now", () => {
  given(started(1, 1, "same"), unknownEnd, retired, reconciled("delivered"))
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
});

test("Retry-After is obeyed for a day, and no longer", () => {
  const day = 24 * 3_600_000;
  const outcome = { outcome: "failed", reason: "http_503", retry_after_ms: 3 * day } as const;
  const policy = { ...usual, circuit: { failure_threshold: 1, open_ms: 1_000 } };
  given(started(1))
    .when(record(1, outcome, { policy }))
    .then(failed(1, 1, day), opened(day, "failures_in_a_row"));
});

test("an attempt that was never made is repeated also where repeats are not recognised, and is none of the tries", () => {
  const policy = { ...usual, idempotent: false, retry: { ...usual.retry, max_attempts: 1 } };
  const notCalled = { ...about(1), timings, interrupted: true as const, reason: "circuit_open" };
  given(started(1))
    .when(record(1, { outcome: "not_called", reason: "circuit_open" }, { policy }))
    .then({ type: "DeliveryFailed", data: { ...notCalled, attempt: 1, retry_at: at(0) } });
});

test("a probe that was interrupted, or never called, opens the circuit again", () => {
  for (const outcome of ["interrupted", "not_called"] as const) {
    const { events } = given(opened(0, "x"), halfOpened(1), started(1)).when(
      record(1, { outcome, reason: "x" }),
    );
    assert.equal(events.at(-1), opened(30_000, "probe_interrupted"));
  }
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

test("the state begins anew for each who asks for it, since it is changed in place", () => {
  given(started(1));
  given().when(start(1)).then(started(1));
});

test("an impossible history is refused", () => {
  assert.throws(() => given(succeeded(1)), /can't happen/);
});

test.run();
