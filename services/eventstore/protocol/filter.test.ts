import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RecordedEvent } from "../engine/event-log.ts";
import type { FilterRequest } from "./codec/read-request.ts";
import { compileFilter } from "./filter.ts";

const test = suite("filter");

const event = (stream: string, type: string): RecordedEvent => ({
  stream,
  type,
  position: 1n,
  revision: 0n,
  wire: Buffer.alloc(0),
});

const filter = (given: Partial<FilterRequest>) =>
  compileFilter({ on: "stream", regex: "", prefixes: [], checkpointInterval: 32, ...given });

test("looks at the stream or at the type", () => {
  assert.ok(filter({ prefixes: ["order-"] })(event("order-1", "placed")));
  assert.not.ok(filter({ prefixes: ["order-"] })(event("lead-1", "order-placed")));
  assert.ok(filter({ on: "type", prefixes: ["order-"] })(event("lead-1", "order-placed")));
});

test("passes any of several prefixes", () => {
  const wanted = filter({ prefixes: ["a", "b"] });
  assert.equal(
    ["a1", "b1", "c1"].map((stream) => wanted(event(stream, "t"))),
    [true, true, false],
  );
});

test("excludes system events by the pattern that clients use for it", () => {
  const wanted = filter({ on: "type", regex: "^[^$].*" });
  assert.ok(wanted(event("s", "placed")));
  assert.not.ok(wanted(event("s", "$metadata")));
});

test("accepts escapes that are wrong only under the u flag", () => {
  assert.ok(filter({ regex: "^order\\-\\d+$" })(event("order-12", "t")));
});

test("rejects what is no pattern, and what asks for nothing", () => {
  assert.throws(() => filter({ regex: "(" }), /not a valid regular expression/);
  assert.throws(() => filter({}), /needs a regular expression or prefixes/);
});

test.run();
