import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { attempt, openTestChannel, testMessage } from "../../../test/partners/channel.ts";
import { createSandbox } from "../sandbox/sandbox.ts";
import type { Channel, ChannelParts, Sent } from "./channel.ts";

const test = suite("the function channel");
const message = testMessage({ email: "Ann@Example.com", interest: "Art", id: "mine" });
const sandbox = createSandbox({ log: { warn: () => undefined } });
let server: Server;
let host: string;
const requests: { url: string; method: string; headers: IncomingHttpHeaders; body: string }[] = [];

function fn(code: string, more: object = {}, over: Partial<ChannelParts> = {}): Channel {
  return openTestChannel({ delivery: { type: "function", code, ...more }, price: 2 }, { sandbox, ...over });
}
const sent = (channel: Channel): Promise<Sent> => channel.prepare(message).send(attempt);
const sentOf = (code: string, more: object = {}, over: Partial<ChannelParts> = {}) =>
  sent(fn(code, more, over));
const outcomeOf = async (...given: Parameters<typeof sentOf>) => (await sentOf(...given)).outcome;

test.before(async () => {
  server = createServer(async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming) body += chunk;
    const { url = "", method = "", headers } = incoming;
    requests.push({ url, method, headers, body });
    if (url === "/large") return void outgoing.end("x".repeat(100_000));
    if (url === "/elsewhere") return void outgoing.writeHead(302, { location: "/a" }).end();
    if (url === "/silent") return;
    outgoing.end('{"score":7}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.before.each(() => {
  requests.length = 0;
});
test.after(async () => {
  await sandbox.close();
  server.closeAllConnections();
  server.close();
});

test("gives the lead, and reads what the function says of it", async () => {
  const code =
    "(lead) => ({ outcome: 'success', reason: [lead.id, lead.kind, lead.source, lead.email].join(), price: 4 })";
  const { outcome, told } = await sentOf(code);
  assert.equal(outcome, { outcome: "succeeded", price: 4 });
  assert.is(told, "lead-1,lead,demo,ann@example.com");
  assert.equal(await outcomeOf("async () => ({ outcome: 'success' })"), { outcome: "succeeded", price: 2 });
  const full = await sentOf("() => ({ outcome: 'failure', reason: 'full' })");
  assert.equal(full.outcome, { outcome: "rejected", reason: "function_declined" });
  assert.is(full.told, "full");
  assert.equal(await outcomeOf("() => ({ outcome: 'failure' })"), {
    outcome: "rejected",
    reason: "function_declined",
  });
});

test("takes what throws, outlasts its limits or says nothing readable for passing", async () => {
  for (const [code, reason] of [
    ["() => { throw new Error('about ann@example.com') }", "function_threw"],
    ["() => { for (;;); }", "function_cpu_limit"],
    ["() => ({ outcome: 'ok' })", "function_result_unreadable"],
    ["() => true", "function_result_unreadable"],
    ["() => undefined", "function_result_unreadable"],
    ["() => ({ outcome: 'success', price: 'much' })", "function_result_unreadable"],
    ["no function", "function_syntax"],
  ] as const)
    assert.equal(await outcomeOf(code), { outcome: "failed", reason }, code);
});

test("records what it was given, what it gave, what it logged, and which code that was", async () => {
  const prepared = fn("(lead) => { console.log('hi', lead.kind); return { outcome: 'success' } }").prepare(
    message,
  );
  const { response } = await prepared.send(attempt);
  const request = prepared.request as { function: { sha256: string }; body: { email: string } };
  assert.match(request.function.sha256, /^[0-9a-f]{64}$/);
  assert.is(request.body.email, "ann@example.com");
  assert.equal(response, { logs: ["hi lead"], calls: [], result: { outcome: "success" } });
});

test("calls the hosts that are allowed, as a delivery", async () => {
  const code = `async (lead) => {
    const answer = await fetch("http://${host}/score?key=s3cret", { method: "POST", body: JSON.stringify({ of: lead.email }) });
    return { outcome: "success", price: (await answer.json()).score };
  }`;
  const { outcome, response } = await sent(fn(code, { allowed_hosts: [host] }));
  assert.equal(outcome, { outcome: "succeeded", price: 7 });
  const [request] = requests;
  assert.equal([request?.method, request?.body], ["POST", '{"of":"ann@example.com"}']);
  assert.is(request?.headers["webhook-id"], message.ids.delivery_id);
  assert.is(request?.headers["idempotency-key"], message.ids.delivery_id);
  assert.equal((response as { calls: unknown }).calls, [
    { method: "POST", url: `http://${host}/score`, status: 200 },
  ]);
});

test("calls nobody else, follows nobody elsewhere, and reads no more than it may", async () => {
  const why = "({ message }) => ({ outcome: 'failure', reason: message })";
  const calling = (url: string, init = "{}") => `async () => fetch(${JSON.stringify(url)}, ${init})
    .then((answer) => ({ outcome: "failure", reason: String(answer.status) }))
    .catch(${why})`;
  const reasonOf = async (url: string, init?: string, over: Partial<ChannelParts> = {}) =>
    (await sentOf(calling(url, init), { allowed_hosts: [host, "api.shop.example"] }, over)).told;
  assert.match(`${await reasonOf("http://127.0.0.1:1/")}`, /is not one of allowed_hosts/);
  assert.match(`${await reasonOf(`http://api.shop.example:8443/`)}`, /is not one of allowed_hosts/);
  assert.match(`${await reasonOf("file:///etc/passwd")}`, /http or https/);
  assert.match(`${await reasonOf(`http://ann:pw@${host}/`)}`, /user or password/);
  assert.match(
    `${await reasonOf(`http://${host}/`, '{ headers: { "webhook-id": "mine" } }')}`,
    /can't be set/,
  );
  assert.match(
    `${await reasonOf(`http://${host}/`, '{ headers: { "x-a": "a\\r\\nb: c" } }')}`,
    /can't be set/,
  );
  assert.match(`${await reasonOf(`http://${host}/`, '{ method: "CONNECT" }')}`, /method/);
  assert.equal(requests, []);
  assert.is(await reasonOf(`http://${host}/elsewhere`), "302");
  assert.match(`${await reasonOf(`http://${host}/large`)}`, /64 KiB/);
  assert.equal(
    requests.map(({ url }) => url),
    ["/elsewhere", "/large"],
  );
  const closed = await reasonOf(`http://${host}/`, "{}", { allowPrivate: false });
  assert.is(closed, "private_address_refused");
  assert.is(requests.length, 2);
  const none = await outcomeOf(calling(`http://${host}/`));
  assert.equal(none, { outcome: "failed", reason: "function_threw" });
});

test("knows whether a function that failed may have done something", async () => {
  const allowed = { allowed_hosts: [host], timeout_ms: 700 };
  const after = `async () => { await fetch("http://${host}/a"); throw new Error("too late") }`;
  assert.equal(await outcomeOf(after, allowed), { outcome: "unknown", reason: "function_threw" });
  const hanging = `async () => { await fetch("http://${host}/silent"); }`;
  assert.is((await outcomeOf(hanging, allowed)).outcome, "unknown");
  const nowhere = { allowed_hosts: ["127.0.0.1:1"], timeout_ms: 700 };
  const refused = await outcomeOf('async () => { await fetch("http://127.0.0.1:1/") }', nowhere);
  assert.equal(refused, { outcome: "failed", reason: "function_threw" });
});

test("is not begun where it must not be called, and ends when it is abandoned", async () => {
  const code = `async () => { await fetch("http://${host}/silent"); return { outcome: "success" } }`;
  const channel = fn(code, { allowed_hosts: [host] });
  const hindered = await channel.prepare(message).send({ ...attempt, obstacle: () => "lease_lost" });
  assert.equal(hindered.outcome, { outcome: "not_called", reason: "lease_lost" });
  assert.equal(requests, []);
  const giveUp = new AbortController();
  const running = channel.prepare(message).send({ ...attempt, abandon: giveUp.signal });
  await once(server, "request");
  giveUp.abort();
  assert.equal((await running).outcome.outcome, "interrupted");
});

test("tells the function, and whom it calls, that a test is one", async () => {
  const code = `async (lead) => { await fetch("http://${host}/a"); return { outcome: "success", reason: String(lead.test) } }`;
  const marked = { ...message, isTest: true };
  const { told } = await fn(code, { allowed_hosts: [host] })
    .prepare(marked)
    .send(attempt);
  assert.is(told, "true");
  assert.is(requests[0]?.headers["x-switchyard-test"], "true");
});

test.run();
