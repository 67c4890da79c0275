// Deleting and tombstoning through the real client, with everything that an error says.
import type { EventStoreDBClient } from "@eventstore/db-client";
import { StreamDeletedError, WrongExpectedVersionError } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, events, rejection, streamName } from "../../../test/eventstore/client.ts";
import type { EventStoreServer } from "../../../test/eventstore/server.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("deleting");
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

const ways = [
  [
    "a soft delete",
    (...args: Parameters<EventStoreDBClient["deleteStream"]>) => client.deleteStream(...args),
  ],
  [
    "a tombstone",
    (...args: Parameters<EventStoreDBClient["tombstoneStream"]>) => client.tombstoneStream(...args),
  ],
] as const;

for (const [way, remove] of ways) {
  test(`responds to ${way} with its position`, async () => {
    const stream = streamName();
    const appended = await client.appendToStream(stream, events(3));
    const { position } = await remove(stream, { expectedRevision: 2n });
    assert.ok((position?.commit ?? 0n) > (appended.position?.commit ?? 0n));
  });

  test(`rejects ${way} of another revision, with both versions`, async () => {
    const stream = streamName();
    await client.appendToStream(stream, events(3));
    const stale = await rejection(remove(stream, { expectedRevision: 1n }), WrongExpectedVersionError);
    assert.is(stale.streamName, stream);
    assert.is(stale.expectedVersion, 1n);
    assert.is(stale.actualVersion, 2n);
    const absent = await rejection(
      remove(stream, { expectedRevision: "no_stream" }),
      WrongExpectedVersionError,
    );
    assert.is(absent.expectedVersion, -1n);
    assert.is(absent.actualVersion, 2n);
  });

  test(`rejects ${way} of a tombstoned stream`, async () => {
    const stream = streamName();
    await client.appendToStream(stream, events(1));
    await client.tombstoneStream(stream);
    assert.is((await rejection(remove(stream), StreamDeletedError)).streamName, stream);
  });
}

test("rejects a tombstone that expects a revision of a stream that does not exist", async () => {
  const stream = streamName();
  const rejected = await rejection(
    client.tombstoneStream(stream, { expectedRevision: 5n }),
    WrongExpectedVersionError,
  );
  assert.is(rejected.actualVersion, "no_stream");
});

test("deletes a stream that exists by its metadata alone", async () => {
  const stream = streamName();
  await client.setStreamMetadata(stream, { cacheControl: 10 });
  assert.ok((await client.deleteStream(stream, { expectedRevision: "no_stream" })).position);
});

test.run();
