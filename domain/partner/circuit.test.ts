import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  about,
  edu,
  failed,
  given,
  halfOpened,
  http503,
  opened,
  record,
  start,
  started,
  succeeded,
  T0,
  timings,
  usual,
} from "./fixtures/deliveries.ts";

const test = suite("a partner's circuit");

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

test("a probe that was interrupted, or never called, opens the circuit again", () => {
  for (const outcome of ["interrupted", "not_called"] as const) {
    const { events } = given(opened(0, "x"), halfOpened(1), started(1)).when(
      record(1, { outcome, reason: "x" }),
    );
    assert.equal(events.at(-1), opened(30_000, "probe_interrupted"));
  }
});

test.run();
