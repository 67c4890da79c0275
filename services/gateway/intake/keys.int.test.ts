import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type EventStoreServer, startEventStore } from "../../../test/eventstore/server.ts";
import { startTestGateway } from "../../../test/gateway/gateway.ts";
import { natsProducer } from "../../../test/gateway/over-nats.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";

const { test, parts, atEnd } = await partsSuite("one key is one submission");
let restarted: EventStoreServer | undefined;
atEnd(() => restarted?.kill());
let yard = await startTestGateway(parts);
atEnd(() => yard.stop());
const nats = await natsProducer(parts.nats.url);
atEnd(() => nats.close());

const lead = '{"email":"jane@example.com"}';
const other = '{"email":"joe@example.com"}';
const signed = (key: string, body: string) => signedHeaders(parseSecret(parts.secret), key, body);

interface Heard {
  readonly status: number;
  readonly id?: string;
  readonly duplicate?: boolean;
}
type Way = (key: string, body: string) => Promise<Heard>;

const overHttp: Way = async (key, body) => {
  const answer = await yard.submit(body, { key });
  return { ...answer.body, status: answer.status };
};
const overNats: Way = async (key, body) => {
  const answer = await nats.ask("demo", signed(key, body), body);
  return { status: 202, ...answer.body };
};
const inABatch: Way = async (key, body) => {
  const answer = await yard.call("/api/submit/batch", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", "x-source": "demo" },
    body: JSON.stringify({ ...signed(key, body), body }),
  });
  return JSON.parse(answer.text);
};
const ways = { overHttp, overNats, inABatch };

/** What was published is taken in when its turn comes: until then the key may be in flight. */
const settled = (way: Way, key: string, body: string): Promise<Heard> =>
  until("the key is in flight no more", async () => {
    const heard = await way(key, body);
    return heard.status !== 409 && heard;
  });

async function knows(key: string, id: string | undefined): Promise<void> {
  for (const [name, way] of Object.entries(ways)) {
    const again = await settled(way, key, lead);
    assert.equal([again.status, again.id, again.duplicate], [202, id, true], name);
    assert.is((await settled(way, key, other)).status, 422, name);
  }
  assert.is((await yard.eventStore().readStream(`submission-${id}`)).length, 1);
}

for (const [name, way] of Object.entries(ways)) {
  test(`what came ${name} is known by whichever way it comes again`, async () => {
    const key = randomUUID();
    const first = await way(key, lead);
    assert.is(first.status, 202);
    assert.not.ok(first.duplicate);
    await knows(key, first.id);
  });
}

test("by all ways at once, one is taken in", async () => {
  const key = randomUUID();
  await nats.publish("demo", signed(key, lead), lead);
  const all = [...Object.values(ways), ...Object.values(ways), ...Object.values(ways)];
  const answers = await Promise.all(all.map((way) => way(key, lead)));
  for (const { status } of answers) assert.ok(status === 202 || status === 409, `${status}`);
  const taken = answers.filter(({ status }) => status === 202);
  assert.is(new Set(taken.map(({ id }) => id)).size, 1);
  assert.ok(taken.filter(({ duplicate }) => duplicate !== true).length <= 1);
  await knows(key, taken[0]?.id);
});

test("of two bodies under one key at once, one is taken in and the other refused", async () => {
  for (let round = 0; round < 20; round += 1) {
    const key = randomUUID();
    const answers = await Promise.all([overHttp(key, lead), overNats(key, other), inABatch(key, lead)]);
    const taken = answers.filter(({ status }) => status === 202);
    const ids = new Set(taken.map(({ id }) => id));
    assert.is(ids.size, 1, JSON.stringify(answers));
    for (const { status } of answers) assert.ok([202, 409, 422].includes(status));
    const [id] = ids;
    assert.is((await yard.eventStore().readStream(`submission-${id}`)).length, 1);
  }
});

test("the same key of another source is another submission", async () => {
  await yard.admin("PUT", "/api/sources/other", {});
  const { body: made } = await yard.admin("POST", "/api/sources/other/secrets");
  const key = randomUUID();
  const headers = { "x-source": "other", ...signedHeaders(parseSecret(made.secret), key, lead) };
  const [ours, theirs] = [await overHttp(key, lead), await yard.submit(lead, { headers })];
  assert.is(theirs.status, 202);
  assert.is.not(theirs.body.id, ours.id);
});

test("after the gateway and the store were both started again it is still known", async () => {
  const key = randomUUID();
  const { id } = await overHttp(key, lead);
  await yard.stop();
  await parts.eventStore.kill();
  restarted = await startEventStore({ dir: parts.eventStore.dir, port: parts.eventStore.port });
  yard = await startTestGateway(parts);
  await knows(key, id);
});

test.run();
