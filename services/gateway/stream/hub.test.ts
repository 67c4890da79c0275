// The stream over real HTTP, on a log that the test writes by hand.
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FollowOptions } from "#platform/event-store/follow.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { readStream, type StreamReader } from "../../../test/gateway/stream-reader.ts";
import { until } from "../../../test/harness/wait.ts";
import { createServer } from "../http/server.ts";
import { createHub } from "./hub.ts";
import { streamRoutes } from "./routes.ts";

const test = suite("the stream");
const log = pino({ level: "silent" });
const at = "2026-01-01T00:00:00.000Z";
const submission_id = randomUUID();

interface Written {
  readonly type: string;
  readonly stream?: string;
  readonly data: object;
  readonly version?: number;
}

const paused = (partner: string): Written => ({ type: "PartnerPaused", data: { partner } });
const changed = (version: number): Written => ({
  type: "RulesetChanged",
  data: { version, rules: [] },
});
const dead: Written = {
  type: "SubmissionDeadLettered",
  version: 2,
  data: { submission_id, stage: "route", attempts: 3, reason: "not_compiled" },
};

/** A log in memory, at whose end all followers are. */
function handWritten() {
  const events: StoredEvent[] = [];
  const following = new Set<FollowOptions>();
  let followed = 0;
  let scanned = 0;
  const head = (): bigint => events.at(-1)?.position ?? 0n;
  const store = {
    head: async () => head(),
    follow(options: FollowOptions) {
      following.add(options);
      followed += 1;
      options.signal.addEventListener("abort", () => following.delete(options));
      return { done: Promise.resolve() } as never;
    },
    async *scan({ from, to }: { readonly from: bigint; readonly to: bigint }) {
      scanned += 1;
      yield { events: events.filter(({ position }) => position > from && position <= to), position: to };
    },
  };
  return {
    store: store as never,
    followed: () => followed,
    scanned: () => scanned,
    head,
    async write(...written: readonly Written[]): Promise<void> {
      const added = written.map(({ type, data, stream = "s", version = 1 }, n): StoredEvent => {
        const position = head() + BigInt(10 * (n + 1));
        const metadata = { schema: version, at };
        const place = { stream, revision: 0n, position, created: new Date() };
        return { id: randomUUID(), type, version, data, metadata, ...place };
      });
      events.push(...added);
      for (const { onEvents } of following) await onEvents(added, head());
    },
  };
}

interface Options {
  readonly maxReaders?: number;
  readonly heartbeatMs?: number;
  readonly isShown?: Promise<boolean>;
  readonly isStillIn?: () => Promise<boolean>;
}

async function opened(given: Options = {}) {
  const {
    maxReaders = 2_000,
    isShown = Promise.resolve(true),
    isStillIn = async () => true,
    ...options
  } = given;
  const { store, ...written } = handWritten();
  const app = createServer(log as never);
  const asked: bigint[] = [];
  const hub = createHub({
    eventStore: store,
    shown(position) {
      asked.push(position);
      return isShown;
    },
    originsOf: async (ids) => new Map(ids.map((id) => [id, { kind: "lead", source: "demo" }])),
    progress: {
      list: async () => [
        { name: "leads", position: `${written.head()}`, lag: 0, rebuilt_at: null, skipped: 0 },
      ],
    },
    log: log as never,
    ...options,
  });
  await app.register(streamRoutes({ hub, identify: { isStillIn }, lookEveryMs: 5, maxReaders }));
  const connections = new Set<unknown>();
  app.server.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const readers: StreamReader[] = [];
  return {
    ...written,
    asked,
    open: () => connections.size,
    stop: () => app.close(),
    async read(query = "", lastEventId?: string): Promise<StreamReader> {
      const options = { url, token: "", query, ...(lastEventId !== undefined && { lastEventId }) };
      const reader = await readStream(options);
      readers.push(reader);
      if (reader.status === 200) await until("it is greeted", () => reader.comments.includes("open"));
      return reader;
    },
    async close(): Promise<void> {
      for (const reader of readers) reader.close();
      await app.close();
    },
  };
}

const idsIn = (reader: StreamReader): string[] => reader.events.map(({ id }) => id);

test("tells of an event once the read models show it, without anything about a person", async () => {
  const gate = Promise.withResolvers<boolean>();
  const yard = await opened({ heartbeatMs: 20, isShown: gate.promise });
  const reader = await yard.read();
  const writing = yard.write(dead, changed(4));
  await until("the read models are asked", () => yard.asked.length > 0);
  const beats = reader.comments.length;
  await until("time has passed for the reader", () => reader.comments.length > beats);
  assert.equal(reader.events, []);
  gate.resolve(true);
  await writing;
  const [lead] = await reader.see("the lead", ({ event }) => event === "lead");
  const [letter] = await reader.see("the dead letter", ({ event }) => event === "dead_letter");
  const [rules] = await reader.see("the rules", ({ event }) => event === "rules");
  const about = { id: submission_id, at, position: "10" };
  assert.equal(lead?.data, { ...about, status: "dead_lettered", kind: "lead", source: "demo" });
  assert.equal(letter?.data, { ...about, stage: "route", reason: "not_compiled" });
  assert.equal(rules?.data, { version: 4, state: "changed", at, position: "20" });
  assert.equal(
    [lead, letter, rules].map((one) => one?.id),
    ["10-1", "10", "20"],
  );
  assert.equal(yard.asked, [20n]);
  await yard.close();
});

test("goes on after any of its events without a gap and without a repeat", async () => {
  const yard = await opened();
  const first = await yard.read();
  await yard.write(paused("a"), dead, paused("b"));
  await first.see("all", () => true, 4);
  const ids = idsIn(first);
  assert.equal(ids, ["10", "20-1", "20", "30"]);
  const again = await Promise.all(ids.map((id) => yard.read("", id)));
  const fresh = await yard.read();
  await yard.write(changed(1));
  await fresh.see("what comes now", () => true);
  assert.equal(idsIn(fresh), ["40"]);
  for (const [n, reader] of again.entries()) {
    await reader.see("what comes now", ({ event }) => event === "rules");
    assert.equal(idsIn(reader), [...ids.slice(n + 1), "40"], `after ${ids[n]}`);
  }
  assert.equal([yard.followed(), yard.scanned()], [1, 0]);
  await yard.close();
});

test("reads from the log what it has not told itself, once for all who come back together", async () => {
  const yard = await opened();
  await yard.write(paused("a"), paused("b"), dead);
  const readers = await Promise.all(Array.from({ length: 20 }, () => yard.read("", "10")));
  await yard.write(changed(1));
  for (const reader of readers) {
    await reader.see("what comes now", ({ event }) => event === "rules");
    assert.equal(idsIn(reader), ["20", "30-1", "30", "40"]);
  }
  assert.equal([yard.followed(), yard.scanned()], [1, 1]);
  await yard.close();
});

test("says that it can't go on where a reader was, and goes on with what happens now", async () => {
  const yard = await opened();
  await yard.write(...Array.from({ length: 6_000 }, (_, n) => paused(`p${n}`)));
  const head = yard.head();
  for (const [lastEventId, reason] of [
    ["10", "too_old"],
    ["20", "too_old"],
    [`${head + 1n}`, "beyond_log"],
  ] as const) {
    const reader = await yard.read("", lastEventId);
    const [reset] = await reader.see("it is reset", ({ event }) => event === "reset");
    assert.equal(reset, { event: "reset", id: `${head}`, data: { reason, position: `${head}` } });
  }
  const recent = await yard.read("", `${head - 10n}`);
  await recent.see("the last one", ({ event }) => event === "partner");
  assert.equal(idsIn(recent), [`${head}`]);
  await yard.close();
});

test("tells of the topics that a reader names, and refuses others", async () => {
  const yard = await opened();
  const [rules, both, models] = await Promise.all([
    yard.read("?topics=rules"),
    yard.read("?topics=dead_letter,partner"),
    yard.read("?topics=projection"),
  ]);
  await yard.write(dead, paused("a"), changed(1));
  await rules.see("the rules", ({ event }) => event === "rules");
  await both.see("both", () => true, 2);
  assert.equal(
    both.events.map(({ event }) => event),
    ["dead_letter", "partner"],
  );
  const [model] = await models.see("the model", ({ event }) => event === "projection");
  assert.equal(model?.data, { name: "leads", position: "30", lag: 0 });
  assert.equal([rules.events.length, models.events.length], [1, 1]);
  for (const topics of ["leads", "", "lead,", "lead,nothing", "lead&topics=rules"]) {
    const refused = await yard.read(`?topics=${topics}`);
    assert.equal([refused.status, JSON.parse(refused.text()).errors[0].path], [400, "topics"], topics);
  }
  assert.is((await yard.read("", "yesterday")).status, 400);
  await yard.close();
});

test("a heartbeat moves a reader on, so that one of rare topics resumes from there", async () => {
  const yard = await opened({ heartbeatMs: 20 });
  const reader = await yard.read("?topics=campaign");
  await yard.write(dead, paused("a"));
  await until("it is moved on", () => reader.lastId() === "20" && reader.comments.includes("heartbeat"));
  assert.is(reader.events.length, 0);
  await yard.close();
});

test("cuts off a reader that takes nothing in, keeps nothing for it, and tells all others everything", async () => {
  const yard = await opened();
  const [slow, quick] = await Promise.all([yard.read(), yard.read()]);
  slow.pause();
  const before = process.memoryUsage().external;
  let rounds = 0;
  await until("it is cut off", async () => {
    await yard.write(...Array.from({ length: 500 }, (_, n) => paused(`p${n}`)));
    rounds += 1;
    await quick.see("all so far", () => true, rounds * 500);
    return yard.open() === 1;
  });
  assert.ok(rounds > 3, `after ${rounds} rounds`);
  assert.ok(process.memoryUsage().external - before < 64 * 1024 * 1024);
  slow.resume();
  await until("it has ended", () => slow.ended());
  assert.ok(slow.events.length < quick.events.length);
  await yard.write(changed(1));
  await quick.see("it goes on", ({ event }) => event === "rules");
  const back = await yard.read("", quick.events.at(-3)?.id);
  await back.see("the end", ({ event }) => event === "rules");
  assert.is(back.events.length, 2);
  await yard.close();
});

test("five hundred read together, from one follower, and one too many is told when to come again", async () => {
  const yard = await opened({ maxReaders: 500 });
  const readers = await Promise.all(Array.from({ length: 500 }, () => yard.read()));
  const refused = await yard.read();
  assert.equal([refused.status, refused.headers["retry-after"]], [503, "5"]);
  for (let round = 0; round < 20; round += 1)
    await yard.write(...Array.from({ length: 10 }, (_, n) => paused(`p${n}`)));
  for (const reader of readers) {
    await reader.see("all", ({ event }) => event === "partner", 200);
    assert.is(new Set(idsIn(reader)).size, 200);
  }
  assert.is(yard.followed(), 1);
  readers[0]?.close();
  await until("there is room again", async () => (await yard.read()).status === 200);
  await yard.close();
});

test("ends all streams when the server closes", async () => {
  const yard = await opened();
  const reader = await yard.read();
  await yard.stop();
  const [end] = await reader.see("the end", ({ event }) => event === "end");
  assert.equal(end?.data, { reason: "closing" });
  await until("it is over", () => reader.ended());
});

test.run();
