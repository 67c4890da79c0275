import { getHeapSpaceStatistics } from "node:v8";
import * as assert from "uvu/assert";
import { startTestGateway } from "../../test/gateway/gateway.ts";
import { partsSuite } from "../../test/gateway/suite.ts";
import { warmUp } from "./warm-up.ts";

const { test, parts, atEnd } = await partsSuite("warming up the gateway");

test("runs the path of a submission, stores nothing and counts nothing", async () => {
  const yard = await startTestGateway(parts);
  atEnd(() => yard.stop());
  const eventStore = yard.eventStore();
  assert.ok(await warmUp({ eventStore, vault: await yard.vault(), log: yard.log }));

  const streams: string[] = [];
  const reading = new AbortController();
  const onEvents = async (events: readonly { readonly stream: string }[]): Promise<void> => {
    streams.push(...events.map(({ stream }) => stream));
  };
  await eventStore.follow({
    name: "everything",
    prefixes: [],
    from: "start",
    signal: reading.signal,
    onEvents,
    onCaughtUp: () => reading.abort(),
  }).done;
  assert.ok(streams.includes("source"), "the log was read");
  assert.equal(
    streams.filter((stream) => stream.startsWith("submission-")),
    [],
  );
  const keys = await yard.database().query<{ id: string }>("select id from vault.keys");
  assert.equal(
    keys.filter(({ id }) => id.startsWith("intake-")),
    [],
  );
  const metrics = await (await fetch(`${yard.url}/metrics`)).text();
  assert.not.match(metrics, /switchyard_submissions_total\{/);
  assert.match(metrics, /switchyard_ack_seconds_count 0\n/);
});

test("leaves nothing to collect within the first burst", async () => {
  const yard = await startTestGateway(parts);
  atEnd(() => yard.stop());
  await warmUp({ eventStore: yard.eventStore(), vault: await yard.vault(), log: yard.log });
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  assert.ok((young?.space_used_size ?? Number.NaN) < 1024 * 1024);
});

test("gives up on a store that is away", async () => {
  const yard = await startTestGateway(parts);
  atEnd(() => yard.stop());
  const [eventStore, vault] = [yard.eventStore(), await yard.vault()];
  await parts.eventStore.stop();
  assert.not(await warmUp({ eventStore, vault, log: yard.log }));
});

test.run();
