import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, verify } from "#platform/webhooks.ts";
import { openTestChannel, testMessage } from "../../../test/partners/channel.ts";
import type { Attempt, Channel } from "./channel.ts";
import { retryAfterMs } from "./http-result.ts";

const test = suite("the HTTP channel");
const attempt: Attempt = { obstacle: () => undefined, abandon: new AbortController().signal };
const now = Date.now();
const message = testMessage({ email: "Ann@Example.com", id: "mine" }, now);
const open: Channel[] = [];
let server: Server;
let url: string;
let respond: { status: number; headers?: Record<string, string>; body?: string };
let last: { headers: IncomingHttpHeaders; body: string } | undefined;

function channel(settings: object = {}): Channel {
  const opened = openTestChannel({ delivery: { type: "http", url }, ...settings });
  open.push(opened);
  return opened;
}

test.before(async () => {
  server = createServer(async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming) body += chunk;
    last = { headers: incoming.headers, body };
    outgoing.writeHead(respond.status, respond.headers).end(respond.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
});
test.after(async () => {
  await Promise.all(open.map((one) => one.close()));
  server.close();
});

test("reads a status: 2xx took it, 408, 425, 429 and 5xx did not yet, 410 wants no more, any other declined", async () => {
  const http = channel();
  const expected: Record<number, string> = {
    200: "succeeded",
    204: "succeeded",
    301: "rejected",
    307: "rejected",
    400: "rejected",
    404: "rejected",
    408: "failed",
    410: "gone",
    425: "failed",
    429: "failed",
    500: "failed",
    503: "failed",
  };
  for (const [status, outcome] of Object.entries(expected)) {
    respond = { status: Number(status) };
    const sent = await http.prepare(message).send(attempt);
    assert.is(sent.outcome.outcome, outcome, status);
    if (outcome !== "succeeded") assert.is(sent.outcome.reason, `http_${status}`);
    assert.is((sent.response as { status: number }).status, Number(status));
  }
});

test("reads how long the partner wants to be left alone: seconds, or a date", async () => {
  respond = { status: 503, headers: { "retry-after": "7" } };
  const { outcome } = await channel().prepare(message).send(attempt);
  assert.equal(outcome, { outcome: "failed", reason: "http_503", retry_after_ms: 7_000 });
  assert.is(retryAfterMs(new Date(now + 60_000).toUTCString(), Math.floor(now / 1_000) * 1_000), 60_000);
  assert.is(retryAfterMs(new Date(now - 60_000).toUTCString(), now), 0);
  assert.is(retryAfterMs("soon", now), undefined);
  assert.is(retryAfterMs(undefined, now), undefined);
});

test("reads a body as it is configured, also that of one which declined", async () => {
  const response = {
    success: { path: "ok", equals: true },
    duplicate: { path: "error", equals: "seen" },
    reason_path: "error",
    price_path: "price",
  };
  const http = channel({ response });
  const read = async (status: number, body: unknown) => {
    respond = { status, body: typeof body === "string" ? body : JSON.stringify(body) };
    const { outcome, told } = await http.prepare(message).send(attempt);
    return [outcome, told];
  };
  const rejected = (reason: string) => ({ outcome: "rejected", reason });
  assert.equal(await read(200, { ok: true, price: 4 }), [{ outcome: "succeeded", price: 4 }, undefined]);
  assert.equal(await read(200, { ok: false, error: "full" }), [rejected("partner_declined"), "full"]);
  const duplicate = { outcome: "duplicate", reason: "partner_says_duplicate" };
  assert.equal(await read(409, { error: "seen" }), [duplicate, "seen"]);
  assert.equal(await read(422, { error: "no phone" }), [rejected("http_422"), "no phone"]);
  const unreadable = { outcome: "unknown", reason: "unreadable_response" };
  assert.equal(await read(200, '{"ok": tr'), [unreadable, undefined]);
});

test("tells a call that may have arrived from one that did not", async () => {
  const nowhere = channel({ delivery: { type: "http", url: "http://127.0.0.1:1/" } });
  const sent = await nowhere.prepare(message).send(attempt);
  assert.equal(sent, {
    outcome: { outcome: "failed", reason: "econnrefused" },
    response: { error: "econnrefused" },
  });
  const { outcome } = await channel()
    .prepare(message)
    .send({ ...attempt, obstacle: () => "lease_lost" });
  assert.equal(outcome, { outcome: "not_called", reason: "lease_lost" });
});

test("signs what it sends, and records all of it but what is secret", async () => {
  respond = { status: 200, headers: { "content-type": "application/json" }, body: '{"id":17}' };
  const secret = newSecret();
  const headers = { Authorization: "Bearer s3cret", "X-Campaign": "autumn", Host: "elsewhere" };
  const http = channel({ delivery: { type: "http", url, headers, secret } });
  const prepared = http.prepare(message);
  const sent = await prepared.send(attempt);
  assert.ok(last);
  assert.ok(verify([parseSecret(secret)], last.headers, last.body, Date.now()).verified);
  assert.is(last.headers.authorization, "Bearer s3cret");
  assert.is(last.headers.host, new URL(url).host);
  const recorded = prepared.request as { url: string; headers: Record<string, string>; body: { id: string } };
  assert.equal(recorded.body, JSON.parse(last.body));
  assert.is(recorded.body.id, "lead-1");
  assert.is(recorded.headers["x-campaign"], "autumn");
  assert.is(recorded.headers["idempotency-key"], message.ids.delivery_id);
  assert.not.match(JSON.stringify(recorded), /s3cret|v1,/);
  assert.equal((sent.response as { body: unknown }).body, { id: 17 });
});

test.run();
