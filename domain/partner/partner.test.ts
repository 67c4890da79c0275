import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PartnerEvent } from "./events.ts";
import {
  about,
  at,
  failed,
  given,
  http503,
  opened,
  record,
  sealed,
  start,
  started,
  succeeded,
  T0,
  timings,
  usual,
} from "./fixtures/deliveries.ts";

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

test("an outcome of an attempt that is over says nothing", () => {
  given(started(1), failed(1, 1, 0), started(1, 2))
    .when(record(1, { outcome: "succeeded" }, { attempt: 1 }))
    .thenRefused("not_calling");
});

test("Retry-After is obeyed for a day, and no longer", () => {
  const day = 24 * 3_600_000;
  const outcome = { outcome: "failed", reason: "http_503", retry_after_ms: 3 * day } as const;
  const policy = { ...usual, circuit: { failure_threshold: 1, open_ms: 1_000 } };
  given(started(1))
    .when(record(1, outcome, { policy }))
    .then(failed(1, 1, day), opened(day, "failures_in_a_row"));
});

test("the state begins anew for each who asks for it, since it is changed in place", () => {
  given(started(1));
  given().when(start(1)).then(started(1));
});

test("an impossible history is refused", () => {
  assert.throws(() => given(succeeded(1)), /can't happen/);
});

test.run();
