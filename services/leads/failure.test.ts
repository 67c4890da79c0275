import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BusError } from "#platform/bus/bus.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import { createHealth } from "#platform/health.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";
import { StageFailure, verdictOn } from "./verdict.ts";

const verdicts = suite("verdict");
const well = createHealth();
const unwell = createHealth();
unwell.add("database", () => {
  throw new Error("gone");
});

verdicts("a submission waits for what is not its fault, also while everything else is well", async () => {
  const outages = [
    new BusError("refused", "no answer"),
    new EventStoreUnavailable("no answer"),
    new UnknownMasterKey("one", ["another"]),
  ];
  for (const outage of outages) assert.equal(await verdictOn(outage, well), { type: "wait" });
  assert.equal(await verdictOn(new TypeError("x"), unwell), { type: "wait" });
});

verdicts("what is its own fault uses up a try, with no word of a stranger's message", async () => {
  assert.equal(await verdictOn(new StageFailure("route", "closed"), unwell), {
    type: "failed",
    stage: "route",
    reason: "closed",
  });
  assert.equal(await verdictOn(new TypeError("ada@example.org"), well), {
    type: "failed",
    stage: "identify",
    reason: "TypeError",
  });
});

verdicts.run();
