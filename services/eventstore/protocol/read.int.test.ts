// Reading streams and $all, forwards and backwards, through the real client.
import type { AllStreamResolvedEvent, EventStoreDBClient, Position } from "@eventstore/db-client";
import {
  BACKWARDS,
  binaryEvent,
  END,
  jsonEvent,
  START,
  StreamDeletedError,
  StreamNotFoundError,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collect, connect, events, rejection, streamName } from "../../../test/eventstore/client.ts";
import type { EventStoreServer } from "../../../test/eventstore/server.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("reading");
let server: EventStoreServer;
let client: EventStoreDBClient;

test.before(async () => {
  server = await startEventStore({ dir: temporaryFolder() });
  client = connect(server);
});

test.after(async () => {
  await client.dispose();
  await server.stop();
});

const revisions = async (...args: Parameters<EventStoreDBClient["readStream"]>): Promise<number[]> =>
  (await collect(client.readStream(...args))).map(({ event }) => Number(event?.revision));

test("returns an event as it was written", async () => {
  const stream = streamName("ünïcode 😀");
  const written = jsonEvent({
    type: "OrderPlaced",
    data: { text: "CC ‐ 1830 😾" },
    metadata: { cause: "test" },
  });
  const binary = binaryEvent({
    type: "bytes",
    data: Buffer.from([0, 255, 1]),
    metadata: Buffer.from("not json"),
  });
  const before = Date.now();
  const { position } = await client.appendToStream(stream, [written, binary]);
  const [first, second] = await collect(client.readStream(stream));
  assert.is(first?.event?.id, written.id);
  assert.is(first?.event?.streamId, stream);
  assert.is(first?.event?.type, "OrderPlaced");
  assert.is(first?.event?.isJson, true);
  assert.equal(first?.event?.data, written.data);
  assert.equal(first?.event?.metadata, { cause: "test" });
  assert.ok(Math.abs((first?.event?.created.getTime() ?? 0) - before) < 60_000);
  assert.is(second?.event?.isJson, false);
  assert.equal(Buffer.from(second?.event?.data as Uint8Array), Buffer.from([0, 255, 1]));
  assert.is(Buffer.from(second?.event?.metadata as Uint8Array).toString(), "not json");
  assert.equal(second?.event?.position, position);
});

test("begins at the given revision, in both directions, and reads no more than maxCount", async () => {
  const stream = streamName();
  await client.appendToStream(stream, events(6));
  assert.equal(await revisions(stream), [0, 1, 2, 3, 4, 5]);
  assert.equal(await revisions(stream, { fromRevision: 4n }), [4, 5]);
  assert.equal(await revisions(stream, { fromRevision: START, maxCount: 2 }), [0, 1]);
  assert.equal(await revisions(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 2 }), [5, 4]);
  assert.equal(await revisions(stream, { direction: BACKWARDS, fromRevision: 1n }), [1, 0]);
  assert.equal(await revisions(stream, { fromRevision: 100n }), []);
  assert.equal(await revisions(stream, { maxCount: 0 }), []);
  assert.equal(
    await revisions(stream, { direction: BACKWARDS, fromRevision: 0xffff_ffff_ffff_ffffn, maxCount: 1 }),
    [5],
  );
});

test("reads many pages without losing or repeating an event", async () => {
  const stream = streamName();
  for (let batch = 0; batch < 5; batch += 1) await client.appendToStream(stream, events(1_000));
  const expected = Array.from({ length: 5_000 }, (_, index) => index);
  assert.equal(await revisions(stream), expected);
  assert.equal(await revisions(stream, { direction: BACKWARDS, fromRevision: END }), expected.reverse());
});

test("reads $all in the order of positions, inclusive forwards and exclusive backwards", async () => {
  const stream = streamName();
  await client.appendToStream(stream, events(3));
  const forwards = await collect(client.readAll());
  const backwards = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END }));
  const commit = ({ event }: AllStreamResolvedEvent): bigint => event?.position?.commit ?? 0n;
  const ascending = forwards.map(commit);
  assert.ok(ascending.every((at, index) => index === 0 || at > (ascending[index - 1] ?? at)));
  assert.equal(backwards.map(commit).reverse(), ascending);

  const second = forwards.at(-2) as AllStreamResolvedEvent;
  const fromPosition = (second.event as { position: Position }).position;
  assert.equal((await collect(client.readAll({ fromPosition }))).map(commit), ascending.slice(-2));
  const [before] = await collect(client.readAll({ direction: BACKWARDS, fromPosition, maxCount: 1 }));
  assert.is(before && commit(before), ascending.at(-3));
  assert.is(second.commitPosition, commit(second));
});

test("shows metadata events and the first system event in $all", async () => {
  const stream = streamName();
  await client.setStreamMetadata(stream, { maxCount: 2 });
  await client.appendToStream(stream, events(5));
  assert.equal(await revisions(stream), [3, 4]);
  const all = await collect(client.readAll());
  assert.is(all[0]?.event?.streamId, "$epoch-information");
  const metadata = all.find(({ event }) => event?.streamId === `$$${stream}`);
  assert.is(metadata?.event?.type, "$metadata");
});

test("reports that a stream is missing, was soft-deleted or was tombstoned", async () => {
  const missing = streamName();
  const notFound = await rejection(collect(client.readStream(missing)), StreamNotFoundError);
  assert.is(notFound.streamName, missing);

  const deleted = streamName();
  await client.appendToStream(deleted, events(2));
  await client.deleteStream(deleted);
  await rejection(collect(client.readStream(deleted)), StreamNotFoundError);
  await client.appendToStream(deleted, events(1));
  assert.equal(await revisions(deleted), [2]);

  const gone = streamName();
  await client.tombstoneStream(gone, { expectedRevision: "no_stream" });
  const rejected = await rejection(collect(client.readStream(gone)), StreamDeletedError);
  assert.is(rejected.streamName, gone);
});

test("resolves links where asked to, also one that leads nowhere", async () => {
  const target = streamName("target @ with at");
  const links = streamName();
  await client.appendToStream(target, events(3));
  const link = (to: string) => binaryEvent({ type: "$>", data: Buffer.from(to) });
  await client.appendToStream(links, [link(`1@${target}`), link(`9@${target}`), link("nonsense")]);

  const plain = await collect(client.readStream(links));
  assert.equal(
    plain.map(({ event }) => event?.type),
    ["$>", "$>", "$>"],
  );
  const resolved = await collect(client.readStream(links, { resolveLinkTos: true }));
  assert.equal(
    resolved.map(({ event, link: from }) => [
      event?.streamId,
      event?.revision,
      from?.streamId,
      from?.revision,
    ]),
    [
      [target, 1n, links, 0n],
      [undefined, undefined, links, 1n],
      [undefined, undefined, links, 2n],
    ],
  );
});

test("serves the next reader after one that left in the middle", async () => {
  const stream = streamName();
  await client.appendToStream(stream, events(5_000));
  for await (const { event } of client.readStream(stream)) if (event?.revision === 10n) break;
  assert.equal(await revisions(stream, { maxCount: 1 }), [0]);
});

test.run();
