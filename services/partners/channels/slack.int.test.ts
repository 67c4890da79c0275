import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { attempt, openTestChannel, testMessage } from "../../../test/partners/channel.ts";
import type { Channel, ChannelParts } from "./channel.ts";

const test = suite("the Slack channel");
const SECRET = "/services/T0000/B0000/s3cretS3cret";
const message = testMessage({
  email: "Ann@Example.com",
  interest: "Art <!channel> & more",
  full_name: "Ann <https://bad.example|Ann>",
  description: "call me",
});
const open: Channel[] = [];
let server: Server;
let origin: string;
let respond: { status: number; headers?: Record<string, string>; body?: string };
let last: { path: string; headers: IncomingHttpHeaders; body: string } | undefined;

function slack(delivery: object = {}, over: Partial<ChannelParts> = {}): Channel {
  const webhook_url = `${origin}${SECRET}`;
  const opened = openTestChannel({ delivery: { type: "slack", webhook_url, ...delivery } }, over);
  open.push(opened);
  return opened;
}

test.before(async () => {
  server = createServer(async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming) body += chunk;
    last = { path: incoming.url ?? "", headers: incoming.headers, body };
    outgoing.writeHead(respond.status, respond.headers).end(respond.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.after(async () => {
  await Promise.all(open.map((one) => one.close()));
  server.close();
});

test("writes what people ask for first as blocks, and nothing that mentions anybody", async () => {
  respond = { status: 200, body: "ok" };
  const sent = await slack().prepare(message).send(attempt);
  assert.is(sent.outcome.outcome, "succeeded");
  assert.is(last?.path, SECRET);
  const body = JSON.parse(last?.body ?? "");
  assert.equal(
    body.blocks.map(({ type }: { type: string }) => type),
    ["header", "section", "context"],
  );
  const fields = body.blocks[1].fields.map(({ text }: { text: string }) => text);
  assert.ok(fields.includes("*Email*\nann@example.com"));
  assert.ok(fields.includes("*Interest*\nArt &lt;!channel&gt; &amp; more"));
  assert.match(body.text, /^New lead: Art &lt;!channel&gt; &amp; more \(from demo\)$/);
  assert.not.match(JSON.stringify([body.text, fields, body.blocks[2]]), /<[!@h]/);
  assert.match(JSON.stringify(body.blocks[2]), /lead-1/);
  assert.is(last?.headers["webhook-id"], message.ids.delivery_id);
  assert.is(last?.headers["idempotency-key"], message.ids.delivery_id);
});

test("fills a template, whose own text may mention whom it likes", async () => {
  respond = { status: 200, body: "ok" };
  await slack({ text: "<!here> {{interest}} of {{email}}" }).prepare(message).send(attempt);
  assert.equal(JSON.parse(last?.body ?? ""), {
    text: "<!here> Art &lt;!channel&gt; &amp; more of ann@example.com",
  });
});

test("says of a test that it is one, to people and to machines", async () => {
  respond = { status: 200, body: "ok" };
  await slack()
    .prepare({ ...message, isTest: true })
    .send(attempt);
  assert.match(JSON.parse(last?.body ?? "").text, /^\[Test\] New lead/);
  assert.is(last?.headers["x-switchyard-test"], "true");
});

test("waits as long as Slack says, and takes its words for what is permanent", async () => {
  const channel = slack();
  const outcomeOf = async (status: number, body: string, headers = {}) => {
    respond = { status, body, headers };
    return (await channel.prepare(message).send(attempt)).outcome;
  };
  assert.equal(await outcomeOf(429, "", { "retry-after": "30" }), {
    outcome: "failed",
    reason: "http_429",
    retry_after_ms: 30_000,
  });
  assert.equal(await outcomeOf(500, "rollup_error"), { outcome: "failed", reason: "rollup_error" });
  for (const [status, word] of [
    [400, "invalid_payload"],
    [403, "action_prohibited"],
    [404, "no_service"],
    [404, "channel_not_found"],
  ] as const)
    assert.equal(await outcomeOf(status, word), { outcome: "rejected", reason: word });
  assert.equal(await outcomeOf(410, "channel_is_archived"), {
    outcome: "gone",
    reason: "channel_is_archived",
  });
  // Whatever is no word of Slack's may be a name.
  assert.equal(await outcomeOf(404, "ann_example"), { outcome: "rejected", reason: "http_404" });
  assert.equal(await outcomeOf(404, "<html>Not here</html>"), { outcome: "rejected", reason: "http_404" });
});

test("records all of it but the webhook's URL, also where Slack repeats it", async () => {
  respond = { status: 404, body: `no hook at ${origin}${SECRET}` };
  const prepared = slack().prepare(message);
  const { response } = await prepared.send(attempt);
  const recorded = JSON.stringify([prepared.request, response]);
  assert.not.match(recorded, /s3cret/);
  assert.match(recorded, /no hook at …/);
  assert.match(recorded, /ann@example\.com/);
});

test("goes to no private address where that is not allowed", async () => {
  last = undefined;
  for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"]) {
    const webhook_url = `http://${host}:${new URL(origin).port}${SECRET}`;
    const { outcome } = await slack({ webhook_url }, { allowPrivate: false }).prepare(message).send(attempt);
    assert.equal(outcome, { outcome: "failed", reason: "private_address_refused" }, host);
  }
  assert.is(last, undefined);
});

test.run();
