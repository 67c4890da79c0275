import { suite } from "uvu";
import * as assert from "uvu/assert";
import { blowsOn } from "./blows.ts";
import type { Blow } from "./plan.ts";
import type { ChaosYard } from "./yard.ts";

const test = suite("A blow");

const restart: Blow = { at: 0, forMs: 0, action: { kind: "restart", part: "leads" } };

/** Gives what came of it. */
async function restarted(code: number | null): Promise<string> {
  const yard: Pick<ChaosYard, "restart"> = { restart: async () => code };
  const strike = blowsOn(yard as ChaosYard, () => undefined);
  return strike(restart).then(
    () => "healed",
    (error: Error) => error.message,
  );
}

test("that tells a process to end is healed when it ended in order", async () => {
  assert.is(await restarted(0), "healed");
});

test("that tells a process to end finds one that fails, or has to be killed", async () => {
  assert.is(await restarted(1), "leads was told to end, and ended with 1");
  assert.is(await restarted(null), "leads was told to end, and ended with null");
});

test.run();
