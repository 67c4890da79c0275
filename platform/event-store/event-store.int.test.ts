import { AccessDeniedError } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  counted as event,
  silent as log,
  numberOf,
  numbersUpTo,
  startKillableStore,
} from "../../test/eventstore/killable-store.ts";
import { startEventStore, temporaryFolder } from "../../test/eventstore/server.ts";
import { startHalfOpenProxy } from "../../test/harness/half-open-proxy.ts";
import { until } from "../../test/harness/wait.ts";
import { deterministicUuid } from "../ids.ts";
import { EventStoreUnavailable, WrongExpectedRevision } from "./errors.ts";
import { connectEventStore } from "./event-store.ts";

const events = suite("event store");
const { store, port, freeze, whileDown, stop } = await startKillableStore();
events.after(stop);

events("appends, and reads back what was written with where it stands", async () => {
  const { revision, position } = await store.append("plain-1", "no_stream", [event(0), event(1)]);
  assert.is(revision, 1n);
  const [first, second] = await store.readStream("plain-1");
  assert.ok(first && second);
  assert.is(second.position, position);
  assert.equal(
    [first.stream, first.revision, first.type, first.version, first.data],
    ["plain-1", 0n, "Counted", 2, { n: 0 }],
  );
  assert.equal(first.metadata, { schema: 2, at: "2026-01-01T00:00:00.000Z", trace: "t" });
  assert.equal((await store.readStream("plain-1", { from: 1n })).map(numberOf), [1]);
  assert.equal((await store.readStreamBackwards("plain-1", 1)).map(numberOf), [1]);
  assert.ok((await store.head()) >= position);
});

events("has nothing to tell of a stream that is not there", async () => {
  assert.equal(await store.readStream("plain-none"), []);
  assert.equal(await store.readStreamBackwards("plain-none", 5), []);
});

events("reads long streams to the end, page by page", async () => {
  const count = 2500;
  await store.append(
    "long-1",
    "no_stream",
    numbersUpTo(count).map((n) => event(n)),
  );
  assert.equal((await store.readStream("long-1")).map(numberOf), numbersUpTo(count));
  assert.is((await store.readStream("long-1", { maxCount: 1200 })).length, 1200);
  const seen: number[] = [];
  for await (const one of store.streamEvents("long-1", 2000n)) seen.push(numberOf(one));
  assert.equal(seen, numbersUpTo(count).slice(2000));
});

events("refuses a writer who is behind, and tells where the stream is", async () => {
  await store.append("plain-2", "no_stream", [event(0)]);
  const refusals: unknown[] = [];
  for (const expected of ["no_stream", 5n] as const) {
    await store.append("plain-2", expected, [event(1)]).catch((error: unknown) => refusals.push(error));
  }
  await store.append("plain-none", 0n, [event(1)]).catch((error: unknown) => refusals.push(error));
  assert.ok(refusals.every((error) => error instanceof WrongExpectedRevision));
  assert.equal(
    refusals.map((error) => error instanceof WrongExpectedRevision && error.actual),
    [0n, 0n, "no_stream"],
  );
});

events("takes a repeated append for the first one", async () => {
  const once = [event(0, deterministicUuid("repeated", "0")), event(1, deterministicUuid("repeated", "1"))];
  const first = await store.append("plain-3", "no_stream", once);
  assert.equal(await store.append("plain-3", "no_stream", once), first);
  assert.is((await store.readStream("plain-3")).length, 2);
});

events("appends through a crash of the store, each event once", async () => {
  const count = 300;
  let appending: Promise<unknown> = Promise.resolve();
  await whileDown(async () => {
    appending = Promise.all(
      numbersUpTo(count).map((n) => store.append(`crash-${n}`, "no_stream", [event(n)])),
    );
    appending.catch(() => undefined);
  });
  await appending;
  for (const n of numbersUpTo(count)) {
    assert.equal((await store.readStream(`crash-${n}`)).map(numberOf), [n]);
  }
});

events("survives crashes with hundreds of appends on their way", async () => {
  const accepted: string[] = [];
  let running = true;
  let next = 0;
  const writers = Array.from({ length: 200 }, async () => {
    while (running) {
      const stream = `busy-${next++}`;
      await store.append(stream, "no_stream", [event(1)]);
      accepted.push(stream);
    }
  });
  for (let crashes = 0; crashes < 2; crashes++) {
    const before = accepted.length;
    await until("writing goes on", () => accepted.length > before + 300);
    await whileDown(async () => undefined);
  }
  running = false;
  await Promise.all(writers);
  const last = accepted.slice(-200);
  for (const stream of last) assert.is((await store.readStream(stream)).length, 1);
});

events("survives a crash while more waits to be written than the connection takes", async () => {
  freeze();
  const padding = "x".repeat(64 * 1024);
  const large = Array.from({ length: 200 }, (_, n) =>
    store.append(`large-${n}`, "no_stream", [{ ...event(n), data: { n, padding } }]),
  );
  // One that a short deadline ends tells that the others had time to be written as far as they can be.
  await store.append("large-sentinel", "no_stream", [event(0)], { deadlineMs: 500 }).catch(() => undefined);
  await whileDown(async () => undefined);
  await Promise.all(large);
  assert.is((await store.readStream("large-199")).length, 1);
});

events("signs in over TLS, and is told at once when it may not write", async () => {
  const fixture = (name: string) =>
    new URL(`../../services/eventstore/fixtures/localhost.${name}`, import.meta.url).pathname;
  const [cert, key] = [fixture("crt"), fixture("key")];
  const args = ["--tls-cert", cert, "--tls-key", key, "--user", "admin:changeit"];
  const guarded = await startEventStore({ dir: temporaryFolder(), args });
  const as = (who: string) =>
    connectEventStore({ url: `esdb://${who}@localhost:${guarded.port}?tls=true&tlsCAFile=${cert}`, log });
  const [admin, stranger] = [as("admin:changeit"), as("admin:wrong")];
  const { position } = await admin.append("plain-1", "no_stream", [event(0)]);
  assert.is((await admin.readStream("plain-1"))[0]?.position, position);
  const refused = await stranger.append("plain-1", 0n, [event(1)]).catch((error: unknown) => error);
  assert.instance(refused, AccessDeniedError);
  await Promise.all([admin.close(), stranger.close()]);
  await guarded.stop();
});

events("notices a connection that the network lost without a word, and goes on over another", async () => {
  const proxy = await startHalfOpenProxy(port);
  const far = connectEventStore({ url: `esdb://127.0.0.1:${proxy.port}?tls=false`, log });
  const closing = new AbortController();
  const seen: number[] = [];
  far.follow({
    name: "test",
    prefixes: ["lost-"],
    from: 0n,
    signal: closing.signal,
    onEvents: async (found) => void seen.push(...found.map(numberOf)),
  });
  await far.append("lost-1", "no_stream", [event(0)]);
  await until("it follows", () => seen.length === 1);
  proxy.lose();
  await store.append("lost-2", "no_stream", [event(1)]);
  const began = performance.now();
  await far.append("lost-1", 0n, [event(2)], { deadlineMs: 60_000 });
  await until("it has heard of both", () => seen.length === 3, 60_000);
  assert.equal([...seen].sort(), [0, 1, 2]);
  assert.ok(performance.now() - began < 45_000);
  closing.abort();
  await far.close();
  await proxy.close();
});

events("gives up at the caller's deadline", async () => {
  await whileDown(async () => {
    const start = performance.now();
    const failure = await store
      .append("plain-4", "no_stream", [event(0)], { deadlineMs: 400 })
      .catch((error: unknown) => error);
    assert.instance(failure, EventStoreUnavailable);
    assert.ok(performance.now() - start < 10_000);
  });
});

events.run();
