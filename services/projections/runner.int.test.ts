import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase } from "#platform/database.ts";
import type { Following, FollowOptions } from "#platform/event-store/follow.ts";
import { createLog } from "#platform/log.ts";
import { prepare } from "#projections/checkpoint.ts";
import type { Projection } from "#projections/projection.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/wait.ts";
import { createTurns } from "./compare-builds.ts";
import { runProjection } from "./runner.ts";

const test = suite("lag of a projection");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const database = connectDatabase({ url: postgres.url, log });
test.after(async () => {
  await database.close();
  await postgres.stop();
});

const HEAD = 25n;

function counted(name: string, version: number): Projection {
  const apply = async (): Promise<void> => undefined;
  return { name, version, prefixes: [], tables: ["create table counted (n bigint)"], apply };
}

/** Over a log in which nothing happens. */
function run(projection: Projection, lag: () => Promise<number>) {
  const shown: number[] = [];
  function follow({ name, signal }: FollowOptions): Following {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    return { name, position: undefined, live: false, waiting: 0, lag, done };
  }
  const runner = runProjection(projection, {
    ...{ database, log, turns: createTurns(), rebuilds: { follow } },
    eventStore: { follow, head: async () => HEAD },
    group: { keep: () => new Promise(() => undefined), lag: async () => 0 },
    onLag: (events) => shown.push(events),
    onSkipped: () => undefined,
    onCompared: () => undefined,
  });
  return { shown, runner };
}

test("is told of one that stands still until its rebuild is swapped in", async () => {
  await prepare(database, counted("outdated", 1));
  const { shown, runner } = run(counted("outdated", 2), async () => 0);
  await until("it is told", () => shown.length > 0);
  assert.equal(new Set(shown), new Set([Number(HEAD)]));
  await runner.close();
});

test("is not told after the end, whatever was asked before", async () => {
  const later = Promise.withResolvers<number>();
  let isAsked = false;
  const { shown, runner } = run(counted("ended", 1), () => {
    isAsked = true;
    return later.promise;
  });
  await until("it is asked", () => isAsked);
  await runner.close();
  later.resolve(9);
  await new Promise(setImmediate);
  assert.not(shown.includes(9));
});

test.run();
