import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BusError } from "#platform/bus/bus.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import { createHealth } from "#platform/health.ts";
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

failures.run();
