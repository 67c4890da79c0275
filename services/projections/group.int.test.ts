import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { FollowOptions } from "#platform/event-store/follow.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createLog } from "#platform/log.ts";
import { prepare, readCheckpoint } from "#projections/checkpoint.ts";
import type { Projection, Target } from "#projections/projection.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/wait.ts";
import { createGroup, type ProjectionGroup, type WhyLeft } from "./group.ts";
import type { WrittenSchema } from "./write.ts";

const test = suite("projections that share transactions");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const database = connectDatabase({ url: postgres.url, log });
test.after(async () => {
  await database.close();
  await postgres.stop();
});

/** A log that the test hands out batch by batch. */
function handedOut() {
  const following = new Set<FollowOptions>();
  const follow: EventStore["follow"] = (options) => {
    const done = Promise.withResolvers<void>();
    following.add(options);
    options.signal.addEventListener("abort", () => {
      following.delete(options);
      done.resolve();
    });
    const lag = async (): Promise<number> => 0;
    return { name: options.name, position: undefined, live: true, waiting: 0, lag, done: done.promise };
  };
  return {
    follow,
    /** Where the log is followed from now; several where several follow. */
    from: () => Array.from(following, ({ from }) => from),
    async give(...positions: bigint[]): Promise<void> {
      const [only] = following;
      await only?.onEvents(positions.map(eventAt), positions.at(-1) ?? 0n);
    },
  };
}

const eventAt = (position: bigint): StoredEvent => ({
  id: `${position}`,
  stream: "counted",
  revision: position,
  position,
  type: "Counted",
  version: 1,
  data: {},
  metadata: { schema: 1, at: new Date().toISOString() },
  created: new Date(),
});

interface Member {
  readonly schema: WrittenSchema;
  readonly left: Promise<WhyLeft>;
  /** What its apply does besides; nothing unless told. */
  besides: (target: Target) => Promise<unknown>;
  stop(): void;
  /** Which events are in its table, and by which transaction. */
  rows(): Promise<{ position: bigint; by: string }[]>;
}

let names = 0;
let group: ProjectionGroup;
let source: ReturnType<typeof handedOut>;
test.before.each(() => {
  source = handedOut();
  const eventStore = { follow: source.follow } as EventStore;
  group = createGroup({ database, eventStore, log });
});

async function join(at = 0n): Promise<Member> {
  names += 1;
  const name = `member_${names}`;
  const projection: Projection = {
    name,
    version: 1,
    prefixes: ["counted"],
    tables: ["create table seen (position bigint)"],
    async apply(target, events) {
      const positions = events.map(({ position }) => position);
      await target.execute(`insert into ${target.schema}.seen select unnest($1::bigint[])`, [positions]);
      await member.besides(target);
    },
  };
  const checkpoint = { ...(await prepare(database, projection)), position: at };
  await database.execute("update projections.checkpoint set position = $1 where schema_name = $2", [
    at,
    name,
  ]);
  const ending = new AbortController();
  const schema: WrittenSchema = { name, projection, checkpoint, onSkipped: () => undefined };
  const member: Member = {
    schema,
    left: group.keep(schema, ending.signal),
    besides: async () => undefined,
    stop: () => ending.abort(),
    rows: () => database.query(`select position, xmin::text as by from ${name}.seen order by position`),
  };
  await until("it is followed from there", () => source.from().length === 1);
  return member;
}

const positions = async (member: Member): Promise<bigint[]> =>
  (await member.rows()).map(({ position }) => position);

test("write a batch for all of them in one transaction, with their checkpoints", async () => {
  const [one, other] = [await join(), await join()];
  await source.give(1n, 2n);
  const rows = [...(await one.rows()), ...(await other.rows())];
  assert.is(rows.length, 4);
  assert.is(new Set(rows.map(({ by }) => by)).size, 1);
  for (const { schema } of [one, other]) {
    assert.is(schema.checkpoint.position, 2n);
    assert.is((await readCheckpoint(database, schema.name))?.position, 2n);
  }
});

test("follow from where the last of them is, and take only what comes after their own checkpoints", async () => {
  const ahead = await join(5n);
  assert.equal(source.from(), [5n]);
  const behind = await join(3n);
  await until("it is followed anew", () => source.from()[0] === 3n);
  await source.give(4n, 5n, 6n);
  await source.give(7n);
  assert.equal(await positions(ahead), [6n, 7n]);
  assert.equal(await positions(behind), [4n, 5n, 6n, 7n]);
});

test("go on without one that fails, and lose nothing by it", async () => {
  const [one, other, failing] = [await join(), await join(), await join()];
  failing.besides = (target) => target.query("select 1 / 0");
  await source.give(1n, 2n);
  assert.is(await failing.left, "failed");
  await source.give(3n);
  assert.equal(await positions(one), [1n, 2n, 3n]);
  assert.equal(await positions(other), [1n, 2n, 3n]);
  assert.equal(await positions(failing), []);
  assert.is(failing.schema.checkpoint.position, 0n);
});

test("leave nothing of a transaction that failed, also of one that was still at it", async () => {
  const [other, failing] = [await join(), await join()];
  failing.besides = (target) => target.query("select 1 / 0");
  other.besides = async (target) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await target.execute(`insert into ${target.schema}.seen values (100)`);
  };
  await source.give(1n);
  assert.is(await failing.left, "failed");
  assert.equal(await positions(other), [1n, 100n]);
});

test("don't wait for one that is slow, which finishes by itself and leaves", async () => {
  const [one, slow] = [await join(), await join()];
  const done = Promise.withResolvers<void>();
  slow.besides = () => done.promise;
  await source.give(1n);
  assert.equal(await positions(one), [1n]);
  await source.give(2n);
  assert.equal(await positions(one), [1n, 2n]);
  assert.equal(await positions(slow), [], "it is still at its first batch");
  let left: WhyLeft | undefined;
  void slow.left.then((why) => {
    left = why;
  });
  done.resolve();
  await until("it has left", () => left !== undefined);
  assert.is(left, "too_slow");
  assert.equal(await positions(slow), [1n]);
  assert.is(slow.schema.checkpoint.position, 1n);
});

test("don't wait for one whose statement is slow either", async () => {
  const [one, slow] = [await join(), await join()];
  let takes = 6;
  slow.besides = (target) => target.query(`select pg_sleep(${takes})`);
  await source.give(1n);
  assert.equal(await positions(one), [1n]);
  takes = 0;
  slow.stop();
  one.stop();
});

test("stay together when all of them are slow, since nobody waits for another then", async () => {
  const [one, other] = [await join(), await join()];
  one.besides = other.besides = (target) => target.query("select pg_sleep(3)");
  await source.give(1n);
  one.besides = other.besides = async () => undefined;
  await source.give(2n);
  assert.equal(await positions(one), [1n, 2n]);
  assert.equal(await positions(other), [1n, 2n]);
});

test("stay together when a batch fails for all of them, so that it comes again", async () => {
  const [one, other] = [await join(), await join()];
  one.besides = other.besides = () => Promise.reject(new Error("the database is away"));
  const failure = await source.give(1n).catch((error: unknown) => error);
  assert.match(String(failure), "the database is away");
  one.besides = other.besides = async () => undefined;
  await source.give(1n);
  assert.equal(await positions(one), [1n]);
  assert.equal(await positions(other), [1n]);
});

test("leave also when nobody else is there, where it is the fault of what is in the batch", async () => {
  const only = await join();
  only.besides = (target) => target.query("select 1 / 0");
  await source.give(1n);
  assert.is(await only.left, "failed");
});

test("go on without one that another process writes", async () => {
  const [one, fenced] = [await join(), await join()];
  await database.execute("update projections.checkpoint set position = 9 where schema_name = $1", [
    fenced.schema.name,
  ]);
  await source.give(1n);
  assert.is(await fenced.left, "fenced");
  assert.equal(await positions(one), [1n]);
  assert.equal(await positions(fenced), []);
});

test("go on without one that stops, and follow nothing when none is left", async () => {
  const [one, other] = [await join(), await join()];
  await source.give(1n);
  one.stop();
  assert.is(await one.left, "stopped");
  await until("it is followed anew", () => source.from()[0] === 1n);
  await source.give(2n);
  assert.equal(await positions(one), [1n]);
  assert.equal(await positions(other), [1n, 2n]);
  other.stop();
  assert.is(await other.left, "stopped");
  assert.equal(source.from(), []);
});

test.run();
