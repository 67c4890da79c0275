import { suite } from "uvu";
import * as assert from "uvu/assert";
import { untilInOwnTime } from "./own-time.ts";

const test = suite("Waiting in own time");

const DEADLINE_MS = 150;
const LATER_MS = 400;

const later = (): (() => boolean) => {
  const begin = performance.now();
  return () => performance.now() - begin > LATER_MS;
};

test("what others had of the cores does not count", async () => {
  const begin = performance.now();
  const allButLittle = (): number => (performance.now() - begin) * 0.9;
  assert.is(await untilInOwnTime("it is later", later(), DEADLINE_MS, allButLittle), true);
});

test("on a machine of its own the deadline is the deadline", async () => {
  const error = await untilInOwnTime("it is later", later(), DEADLINE_MS, () => 0).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.match(error?.message ?? "", "in vain until it is later");
});

test("on a machine that is never free it ends all the same", async () => {
  const begin = performance.now();
  const never = untilInOwnTime(
    "it comes",
    () => false,
    DEADLINE_MS,
    () => performance.now() - begin,
  );
  assert.match(`${await never.catch((error: Error) => error.message)}`, "in vain until it comes");
});

test.run();
