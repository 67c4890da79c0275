import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BusError } from "#platform/bus/bus.ts";
import { UnreadableEvent } from "#platform/event-store/codec.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { UnknownEventType } from "#platform/fold-stream.ts";
import { createHealth } from "#platform/health.ts";
import { newUuid } from "#platform/ids.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";
import { failureOf, StageFailure } from "./failure.ts";

const failures = suite("failure of a lead");
const well = createHealth();
const unwell = createHealth();
unwell.add("database", () => {
  throw new Error("gone");
});

failures("a submission waits for what is not its fault, also while everything else is well", async () => {
  const outages = [
    new BusError("refused", "no answer"),
    new EventStoreUnavailable("no answer"),
    new UnknownMasterKey("one", ["another"]),
  ];
  for (const outage of outages) assert.equal(await failureOf(outage, well), { type: "outage" });
  assert.equal(await failureOf(new TypeError("x"), unwell), { type: "outage" });
});

failures("what is its own fault uses up a try, with no word of an unknown error's message", async () => {
  assert.equal(await failureOf(new StageFailure("route", "closed"), unwell), {
    type: "failed",
    stage: "route",
    reason: "closed",
  });
  assert.equal(await failureOf(new TypeError("ada@example.org"), well), {
    type: "failed",
    stage: "identify",
    reason: "TypeError",
  });
});

failures("what this release can't read is left to another, and uses up no try", async () => {
  const stored: StoredEvent = {
    id: newUuid(),
    stream: "submission-1",
    revision: 2n,
    position: 3n,
    type: "SubmissionTeleported",
    version: 1,
    data: {},
    metadata: { schema: 1, at: "2026-01-01T00:00:00.000Z" },
    created: new Date(0),
  };
  for (const error of [new UnknownEventType(stored), new UnreadableEvent(stored, "route", "invalid_type")])
    assert.equal(await failureOf(error, well), { type: "unreadable", reason: error.message });
});

failures.run();
