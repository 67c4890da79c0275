// kill -9 under load, several times: every acknowledged event is there, in order, and no append is there in part.
import { randomUUID } from "node:crypto";
import { type EventStoreDBClient, jsonEvent, NO_STREAM } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collect, connect } from "./client.ts";
import { type EventStoreServer, startEventStore, temporaryFolder } from "./server.ts";

const ROUNDS = 5;
const WRITERS = 24;
const EVENTS_PER_APPEND = 3;
const MIN_APPENDS_PER_ROUND = 100;

/** Appends to a stream of its own. One append more than was acknowledged may have been written. */
class Writer {
  readonly stream = `writer-${randomUUID()}`;
  readonly #sent: string[] = [];
  #acknowledged = 0;

  get acknowledged(): number {
    return this.#acknowledged;
  }

  async write(client: EventStoreDBClient, killed: () => boolean): Promise<void> {
    while (!killed()) {
      const ids = Array.from({ length: EVENTS_PER_APPEND }, () => randomUUID());
      const events = ids.map((id) => jsonEvent({ id, type: "Written", data: { id } }));
      this.#sent.push(...ids);
      const expectedRevision = this.#acknowledged === 0 ? NO_STREAM : BigInt(this.#acknowledged - 1);
      const done = await client.appendToStream(this.stream, events, { expectedRevision }).then(
        () => true,
        () => false,
      );
      if (!done) return;
      this.#acknowledged += EVENTS_PER_APPEND;
    }
  }

  async verify(client: EventStoreDBClient): Promise<void> {
    const found = await collect(client.readStream(this.stream, { maxCount: 100_000 })).catch(() => []);
    const ids = found.map(({ event }) => event?.id ?? "");
    assert.is(ids.length % EVENTS_PER_APPEND, 0, "part of an append");
    assert.ok(
      ids.length >= this.#acknowledged,
      `${this.#acknowledged - ids.length} acknowledged events lost`,
    );
    assert.ok(ids.length <= this.#acknowledged + EVENTS_PER_APPEND);
    assert.equal(ids, this.#sent.slice(0, ids.length));
    this.#sent.length = ids.length;
    this.#acknowledged = ids.length;
  }
}

const dir = temporaryFolder();
const writers = Array.from({ length: WRITERS }, () => new Writer());
const acknowledged = (): number => writers.reduce((sum, writer) => sum + writer.acknowledged, 0);

async function loadThenKill(server: EventStoreServer): Promise<void> {
  const client = connect(server);
  const before = acknowledged();
  let killed = false;
  const writing = Promise.all(writers.map((writer) => writer.write(client, () => killed)));
  while (acknowledged() - before < MIN_APPENDS_PER_ROUND * EVENTS_PER_APPEND * (1 + Math.random()))
    await new Promise((resolve) => setTimeout(resolve, 1));
  await server.kill();
  killed = true;
  await writing;
  await client.dispose();
}

const test = suite("kill -9");

for (let round = 1; round <= ROUNDS; round++)
  test(`loses nothing that was acknowledged, round ${round}`, async () => {
    await loadThenKill(await startEventStore({ dir }));
    const server = await startEventStore({ dir });
    const client = connect(server);
    for (const writer of writers) await writer.verify(client);
    const inAll = await collect(client.readAll());
    const written = inAll.filter(({ event }) => event?.streamId.startsWith("writer-"));
    assert.is(written.length, acknowledged());
    await client.dispose();
    await server.kill();
  });

test.run();
