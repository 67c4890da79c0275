import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ROLES } from "#platform/config.ts";
import { spread } from "./spread.ts";

const test = suite("Spreading roles over processes");

const table = (...given: Parameters<typeof spread>): Record<string, string> =>
  Object.fromEntries(spread(...given).map(({ name, roles }) => [name, roles.join(",")]));

test("gateway and simulator are apart from the rest on any machine", () => {
  assert.equal(table(ROLES, 1), {
    gateway: "gateway",
    simulator: "simulator",
    worker: "relay,leads,identity,partners,campaigns,timers,projections,compiler",
  });
});

test("whoever delivers is apart where there is more than one core", () => {
  for (const cores of [2, 4])
    assert.equal(table(ROLES, cores), {
      gateway: "gateway",
      simulator: "simulator",
      partners: "partners",
      worker: "relay,leads,identity,campaigns,timers,projections,compiler",
    });
});

test("projections are apart on more than four cores, every role on more than eight", () => {
  for (const cores of [5, 8])
    assert.equal(table(ROLES, cores), {
      gateway: "gateway",
      simulator: "simulator",
      partners: "partners",
      projections: "projections",
      worker: "relay,leads,identity,campaigns,timers,compiler",
    });
  assert.equal(table(ROLES, 9), Object.fromEntries(ROLES.map((role) => [role, role])));
});

test("some roles are spread as all are, and a process with one role is named after it", () => {
  assert.equal(table(["gateway", "projections"], 2), { gateway: "gateway", projections: "projections" });
  assert.equal(table(["leads", "relay"], 4), { worker: "leads,relay" });
  assert.equal(table(["relay"], 2), { relay: "relay" });
});

test("every role that is asked for runs once", () => {
  for (let cores = 1; cores <= 16; cores += 1) {
    const running = spread([...ROLES, ...ROLES], cores).flatMap(({ roles }) => roles);
    assert.equal([...running].sort(), [...ROLES].sort());
  }
});

test.run();
