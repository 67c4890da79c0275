// Responses to appends, through the real client, over both ways of appending.
import { randomUUID } from "node:crypto";
import type { EventStoreDBClient } from "@eventstore/db-client";
import {
  DeadlineExceededError,
  jsonEvent,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, events, rejection, streamName } from "../../../test/eventstore/client.ts";
import type { EventStoreServer } from "../../../test/eventstore/server.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("appending");
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

/** Credentials of its own make the client send an append as one unary call instead of as part of a batch. */
const ways = [
  ["a batch", {}],
  ["a unary call", { credentials: { username: "any", password: "body" } }],
] as const;

for (const [way, options] of ways) {
  test(`responds to ${way} with the next revision and a position that grows`, async () => {
    const stream = streamName();
    const first = await client.appendToStream(stream, events(3), options);
    const second = await client.appendToStream(stream, events(1), options);
    assert.is(first.nextExpectedRevision, 2n);
    assert.is(second.nextExpectedRevision, 3n);
    assert.ok((second.position?.commit ?? 0n) > (first.position?.commit ?? 0n));
    assert.equal(second.position?.commit, second.position?.prepare);
  });

  test(`repeats the first response to ${way} that comes twice`, async () => {
    const stream = streamName();
    const once = events(2);
    const first = await client.appendToStream(stream, once, { ...options, expectedRevision: "no_stream" });
    const again = await client.appendToStream(stream, once, { ...options, expectedRevision: "no_stream" });
    assert.equal(again, first);
  });

  test(`rejects ${way} with what was expected and what there is`, async () => {
    const stream = streamName();
    const missing = await rejection(
      client.appendToStream(stream, events(1), { ...options, expectedRevision: "stream_exists" }),
      WrongExpectedVersionError,
    );
    assert.is(missing.streamName, stream);
    assert.is(missing.expectedVersion, "stream_exists");
    assert.is(missing.actualVersion, "no_stream");

    await client.appendToStream(stream, events(5), options);
    const stale = await rejection(
      client.appendToStream(stream, events(1), { ...options, expectedRevision: 2n }),
      WrongExpectedVersionError,
    );
    assert.is(stale.expectedVersion, 2n);
    assert.is(stale.actualVersion, 4n);
    const notNew = await rejection(
      client.appendToStream(stream, events(1), { ...options, expectedRevision: "no_stream" }),
      WrongExpectedVersionError,
    );
    assert.is(notNew.expectedVersion, "no_stream");
    assert.is(notNew.actualVersion, 4n);
  });

  test(`rejects ${way} to a tombstoned stream, naming it`, async () => {
    const stream = streamName("tömb stone");
    await client.appendToStream(stream, events(1), options);
    await client.tombstoneStream(stream);
    const rejected = await rejection(client.appendToStream(stream, events(1), options), StreamDeletedError);
    const expected = way === "a batch" ? stream : stream.replace("ö", "%C3%B6");
    assert.is(rejected.streamName, expected);
  });

  test(`rejects ${way} of more than 1 MiB and keeps nothing of it`, async () => {
    const stream = streamName();
    const half = { text: "x".repeat(600_000) };
    const rejected = await rejection(
      client.appendToStream(
        stream,
        [jsonEvent({ type: "half", data: half }), jsonEvent({ type: "half", data: half })],
        options,
      ),
      MaxAppendSizeExceededError,
    );
    assert.is(rejected.maxAppendSize, 1024 * 1024);
    const after = await client.appendToStream(stream, events(1), {
      ...options,
      expectedRevision: "no_stream",
    });
    assert.is(after.nextExpectedRevision, 0n);
  });

  test(`accepts ${way} that is in time and rejects one that is not`, async () => {
    const late = client.appendToStream(streamName(), events(30_000), { ...options, deadline: 1 });
    await rejection(late, DeadlineExceededError);
    await client.appendToStream(streamName(), events(1), { ...options, deadline: 20_000 });
  });
}

test("assembles an append that arrives in many chunks", async () => {
  const stream = streamName();
  const result = await client.appendToStream(stream, events(3_000), { batchAppendSize: 1024 });
  assert.is(result.nextExpectedRevision, 2_999n);
});

test("rejects chunks that add up to more than 1 MiB once, and accepts everything around them", async () => {
  const large = jsonEvent({ type: "large", data: { text: "x".repeat(400_000) } });
  const appends = Array.from({ length: 20 }, (_, index) =>
    index === 10
      ? rejection(
          client.appendToStream(
            streamName(),
            Array.from({ length: 8 }, () => ({ ...large, id: randomUUID() })),
          ),
          MaxAppendSizeExceededError,
        )
      : client.appendToStream(streamName(), events(2)),
  );
  assert.is((await Promise.all(appends)).length, 20);
});

test("responds to ten thousand appends of one turn, each once and in order", async () => {
  const stream = streamName();
  const results = await Promise.all(
    Array.from({ length: 10_000 }, () => client.appendToStream(stream, events(1))),
  );
  assert.equal(
    results.map((result) => result.nextExpectedRevision),
    Array.from({ length: 10_000 }, (_, index) => BigInt(index)),
  );
});

test("rejects an event id that is no UUID without disturbing its neighbours", async () => {
  const good = client.appendToStream(streamName(), events(1));
  const bad = client.appendToStream(streamName(), {
    ...jsonEvent({ type: "t", data: {} }),
    id: "not-a-uuid",
  });
  assert.match((await rejection(bad, Error)).message, /not-a-uuid/);
  assert.is((await good).success, true);
});

test.run();
