import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "#platform/database.ts";
import type { FollowOptions } from "#platform/event-store/follow.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../test/harness/wait.ts";
import type { ProjectionGroup } from "./group.ts";
import { keepCurrent } from "./keep-current.ts";
import type { WrittenSchema } from "./write.ts";

const test = suite("a schema in use that catches up");
const log = createLog({ level: "silent", name: "test", instance: "test" });

/** Which way it reads where the log ends there. */
async function readsFrom(position: bigint, head: () => Promise<bigint>): Promise<string> {
  const followed: string[] = [];
  const readBy = (name: string) => (options: FollowOptions) => {
    followed.push(name);
    const done = new Promise<void>((resolve) =>
      options.signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    const lag = async (): Promise<number> => 0;
    return { name, position, live: false, waiting: 0, lag, done };
  };
  const schema: WrittenSchema = {
    name: "some",
    projection: { name: "some", version: 1, prefixes: [], tables: [], apply: async () => undefined },
    checkpoint: { generation: "one", version: 1, position },
    onSkipped: () => undefined,
  };
  const kept = keepCurrent(
    schema,
    {
      log,
      database: {} as Database,
      group: {} as ProjectionGroup,
      eventStore: { follow: readBy("alone"), head },
      rebuilds: { follow: readBy("together") },
    },
    () => undefined,
  );
  await until("it reads", () => followed.length > 0);
  await kept.stop();
  assert.is(followed.length, 1);
  return followed[0] ?? "";
}

test("reads with others where it is far behind, wherever it begins", async () => {
  assert.is(await readsFrom(0n, async () => 50_000n), "together");
  assert.is(await readsFrom(1_000_000n, async () => 1_050_000n), "together");
});

test("reads by itself where little is to be read, or nobody knows how much", async () => {
  assert.is(await readsFrom(0n, async () => 500n), "alone");
  assert.is(await readsFrom(1_000_000n, async () => 1_000_500n), "alone");
  assert.is(await readsFrom(5n, () => Promise.reject(new Error("the store is away"))), "alone");
});

test("is as far behind as it stands while it does not read yet, and once it has stopped", async () => {
  const end = Promise.withResolvers<bigint>();
  const heads = [end.promise];
  const schema: WrittenSchema = {
    name: "some",
    projection: { name: "some", version: 1, prefixes: [], tables: [], apply: async () => undefined },
    checkpoint: { generation: "one", version: 1, position: 5n },
    onSkipped: () => undefined,
  };
  const follow = ({ name, signal }: FollowOptions) => {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    return { name, position: 5n, live: true, waiting: 0, lag: async () => 0, done };
  };
  const kept = keepCurrent(
    schema,
    {
      ...{ log, database: {} as Database, rebuilds: { follow } },
      group: { keep: () => new Promise(() => undefined), lag: async () => 0 },
      eventStore: { follow, head: () => heads.shift() ?? Promise.resolve(25n) },
    },
    () => undefined,
  );
  assert.is(await kept.lag(), 20);
  end.resolve(25n);
  await kept.stop();
  assert.is(await kept.lag(), 20);
});

test.run();
