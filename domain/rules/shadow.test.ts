import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Rule } from "./rule.ts";
import { type Shadow, type ShadowCommand, type ShadowEvent, shadow } from "./shadow.ts";

const test = suite("shadow rules");

const rule = Rule.parse({
  id: "r",
  name: "r",
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [] },
  route: { to: "edu" },
});
const targets = { partnerExists: (id: string) => id === "edu", routingServiceExists: () => false };
const start: ShadowCommand = { type: "start", rules: [rule], targets };
const compiled = (version: number): ShadowCommand => ({
  type: "record_compiled",
  event: { type: "ShadowCompiled", data: { version, compiled_at: "2026-01-01T00:00:00.000Z" } },
});

function after(...commands: ShadowCommand[]): Shadow {
  return commands.reduce((state, command) => {
    const decision = shadow.decide(command, state);
    return decision.accepted ? decision.events.reduce(shadow.evolve, state) : state;
  }, shadow.initial);
}
const refusalOf = (command: ShadowCommand, state: Shadow): string | undefined => {
  const decision = shadow.decide(command, state);
  return decision.accepted ? undefined : decision.reason;
};

test("counts once it is compiled, and no more once it has ended", () => {
  assert.is(after(start).status, "compiling");
  assert.equal(after(start, compiled(1)), {
    version: 1,
    rules: [rule],
    status: "running",
    since: "2026-01-01T00:00:00.000Z",
  });
  assert.equal(after(start, compiled(1), { type: "end" }), { version: 1, rules: [], status: "none" });
  assert.is(refusalOf({ type: "end" }, after(start, { type: "end" })), "no_shadow");
});

test("another one in its place is compiled by itself, and what was compiled for the first says nothing of it", () => {
  const second = after(start, compiled(1), start);
  assert.equal([second.version, second.status], [2, "compiling"]);
  assert.is(refusalOf(compiled(1), second), "already_compiled");
  assert.is(refusalOf(compiled(2), after(start, start, compiled(2))), "already_compiled");
});

test("one that does not compile says why", () => {
  const event: ShadowEvent = { type: "ShadowNotCompiled", data: { version: 1, reason: "too deep" } };
  const failed = after(start, { type: "record_compiled", event: event as never });
  assert.equal([failed.status, failed.reason], ["failed", "too deep"]);
});

test("leads only to partners that exist", () => {
  const elsewhere = { ...rule, route: { to: "nobody" as never } };
  const decision = shadow.decide({ ...start, rules: [elsewhere] } as ShadowCommand, shadow.initial);
  assert.equal(decision, {
    accepted: false,
    reason: "flawed",
    flaws: [{ path: "rules.0.route.to", message: "there is no such partner" }],
  });
});

test.run();
