import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPeople, type People } from "#domain/identity/people.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import { createLog } from "#platform/log.ts";
import { createStandby } from "./standby.ts";

const standby = suite("standby");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const index = (): Loaded<People> => ({ state: createPeople(), revision: 7n });

standby("gives what it prepared once, and prepares it once", async () => {
  let loads = 0;
  const one = createStandby(async () => {
    loads += 1;
    return index();
  }, log);
  assert.is(await one.take(), undefined);
  one.prepare();
  one.prepare();
  assert.is((await one.take())?.revision, 7n);
  assert.is(await one.take(), undefined);
  assert.is(loads, 1);
});

standby("has nothing when preparing failed, and tries again the next time", async () => {
  let loads = 0;
  const one = createStandby(async () => {
    loads += 1;
    if (loads === 1) throw new Error("not now");
    return index();
  }, log);
  one.prepare();
  assert.is(await one.take(), undefined);
  one.prepare();
  assert.is((await one.take())?.revision, 7n);
});

standby.run();
