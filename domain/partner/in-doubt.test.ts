import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  about,
  at,
  failed,
  given,
  giveUp,
  http503,
  inDoubt,
  opened,
  reconcile,
  reconciled,
  record,
  start,
  started,
  succeeded,
  timeout,
  timings,
  unknownEnd,
  unknownTo,
  usual,
} from "./fixtures/deliveries.ts";

const test = suite("deliveries in doubt");

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

test.run();
