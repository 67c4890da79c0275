import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bindOf } from "./bind.ts";

const test = suite("What binds a role");

test("a process that fills its core binds", () => {
  const others = { "event store": 0.5, PostgreSQL: 0.4 };
  assert.is(bindOf({ role: [0.97], others, cores: 1, pinned: true }), "CPU of the role");
});

test("what fills the other core binds a role that has one of its own", () => {
  const others = { "event store": 0.25, PostgreSQL: 0.7 };
  const bound = bindOf({ role: [0.6], others, cores: 1, pinned: true });
  assert.is(bound, "CPU of PostgreSQL, on the other core");
});

test("where nobody is busy the role waits", () => {
  const bound = bindOf({ role: [0.3], others: { "event store": 0.3 }, cores: 1, pinned: true });
  assert.is(bound, "waiting for others: no core is full");
});

test("processes that share all cores are bound by the machine", () => {
  const others = { "event store": 0.3, PostgreSQL: 0.5 };
  assert.is(bindOf({ role: [0.6, 0.55], others, cores: 2, pinned: false }), "all cores: mostly the role");
  assert.is(
    bindOf({ role: [0.2, 0.2], others: { PostgreSQL: 1.5 }, cores: 2, pinned: false }),
    "all cores: mostly PostgreSQL",
  );
});

test.run();
