// The shell of a group on the real engine, with the faults of disks and memories that a whole server rarely shows.
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/eventstore/client.ts";
import { ANY, events, metadata, scratchLog } from "../../../test/eventstore/scratch-log.ts";
import type { EventLog, ProposedEvent } from "../engine/event-log.ts";
import { StoreUnavailable } from "../engine/event-log.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { stopping } from "../protocol/refusals.ts";
import type { Connection, Membership } from "./running-group.ts";
import { RunningGroup } from "./running-group.ts";
import type { Definition, Settings } from "./settings.ts";

const test = suite("a running group");
const scratch = await scratchLog();
const logger = pino({ level: "silent" });

const settings: Settings = {
  resolveLinks: false,
  extraStatistics: false,
  messageTimeoutMs: 0,
  maxRetryCount: 100,
  checkpointAfterMs: 0,
  minCheckpointCount: 1,
  maxCheckpointCount: 1,
  maxSubscriberCount: 0,
  liveBufferSize: 100,
  historyBufferSize: 100,
  readBatchSize: 100,
  strategy: "RoundRobin",
};

test.after(async () => {
  await scratch.log.close();
});

/** The real log, but for the calls that are to fail. */
function faulty(faults: Partial<EventLog>): EventLog {
  const { log } = scratch;
  return {
    append: (...given) => log.append(...given),
    softDelete: (...given) => log.softDelete(...given),
    tombstone: (...given) => log.tombstone(...given),
    readStream: (...given) => log.readStream(...given),
    readAll: (...given) => log.readAll(...given),
    lastRevision: (stream) => log.lastRevision(stream),
    onCommit: (listener) => log.onCommit(listener),
    get head() {
      return log.head;
    },
    ...faults,
  };
}

function running(source: string, log: EventLog, changes: Partial<Definition> = {}): RunningGroup {
  const definition: Definition = {
    source,
    group: "workers",
    settings,
    startFrom: "start",
    resumeAfter: -1n,
    filter: undefined,
    ...changes,
  };
  return new RunningGroup(definition, { log, logger, now: () => 0 });
}

interface Joined extends Membership {
  readonly received: Buffer[];
  readonly refusals: Refusal[];
}

function join(group: RunningGroup): Joined {
  const received: Buffer[] = [];
  const refusals: Refusal[] = [];
  const connection: Connection = {
    from: "here",
    username: "anonymous",
    name: "test",
    since: 0,
    send: (message) => received.push(message) > 0,
    refuse: (why) => refusals.push(why),
  };
  const membership = group.join(connection, 100, Buffer.alloc(0));
  received.length = 0;
  return Object.assign(membership, { received, refusals });
}

async function streamOf(source: string, count: number): Promise<ProposedEvent[]> {
  const written = events(count);
  await scratch.log.append(source, ANY, written);
  return written;
}

test("a log that can't be read fails the consumers, who may come back", async () => {
  await streamOf("unreadable", 1);
  let broken = true;
  const group = running(
    "unreadable",
    faulty({
      readStream(stream, ...rest) {
        if (broken && stream === "unreadable") throw new Error("a page is damaged");
        return scratch.log.readStream(stream, ...rest);
      },
    }),
  );
  const { refusals } = join(group);
  await until(() => refusals.length === 1);
  assert.equal(refusals[0]?.metadata.getMap(), {
    exception: "persistent-subscription-failed",
    "stream-name": "unreadable",
    "group-name": "workers",
    reason: "the log could not be read",
  });
  broken = false;
  const { received } = join(group);
  await until(() => received.length === 1);
  await group.stop(stopping());
});

test("a log that fails when it is asked for its end fails the consumers, not the process", async () => {
  await streamOf("endless", 1);
  const group = running(
    "endless",
    faulty({
      lastRevision(stream) {
        if (stream === "endless") throw new Error("a page is damaged");
        return scratch.log.lastRevision(stream);
      },
    }),
  );
  const { refusals } = join(group);
  await until(() => refusals.length === 1);
  group.wake();
  await group.stop(stopping());
});

test("a message that the full disk can't park is delivered again", async () => {
  const [only] = await streamOf("full", 1);
  let full = true;
  const group = running(
    "full",
    faulty({
      async append(...given) {
        if (full) throw new StoreUnavailable("the disk is full");
        return scratch.log.append(...given);
      },
    }),
  );
  const consumer = join(group);
  await until(() => consumer.received.length === 1);
  consumer.nacked([only?.id ?? ""], "park", "");
  await until(() => consumer.received.length === 2);
  assert.is(group.parkedCount, 0n);
  full = false;
  consumer.nacked([only?.id ?? ""], "park", "");
  await until(() => group.parkedCount === 1n);
  await group.stop(stopping());
});

test("a checkpoint that the disk refuses is written later, in its newest version", async () => {
  const written = await streamOf("late", 3);
  let refused = 0;
  const group = running(
    "late",
    faulty({
      async append(...given) {
        if (refused++ === 0) throw new StoreUnavailable("the disk is full");
        return scratch.log.append(...given);
      },
    }),
  );
  const consumer = join(group);
  await until(() => consumer.received.length === 3);
  consumer.acked(written.slice(0, 1).map(({ id }) => id));
  await until(() => refused === 1);
  assert.is(group.checkpoint, undefined);
  consumer.acked(written.slice(1).map(({ id }) => id));
  await until(() => group.checkpoint === 2n);
  await group.stop(stopping());
  assert.is(running("late", scratch.log).checkpoint, 2n);
});

test("events that retention removed are passed over", async () => {
  await streamOf("short", 5);
  await scratch.log.append("$$short", ANY, [metadata({ $tb: 5 })]);
  const group = running("short", scratch.log);
  const consumer = join(group);
  await streamOf("short", 2);
  group.wake();
  await until(() => consumer.received.length === 2);
  await group.stop(stopping());
});

test("a checkpoint stream that somebody scribbled in counts as empty", async () => {
  await scratch.log.append("$persistentsubscription-odd::workers-checkpoint", ANY, events(1));
  assert.is(running("odd", scratch.log).checkpoint, undefined);
});

test("nobody joins a group that has stopped", async () => {
  const group = running("gone", scratch.log);
  await group.stop(stopping());
  assert.throws(() => join(group), /was dropped/);
});

test.run();
