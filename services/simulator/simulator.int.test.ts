import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { startNode } from "../../test/harness/process.ts";
import { createSimulator, type Simulator } from "./app.ts";
import { askSimulator, type Json } from "./fixtures/ask.ts";

const test = suite("The simulator");
let simulator: Simulator;
test.before(async () => {
  simulator = await createSimulator({ maxIds: 500 });
});
test.after(() => simulator.close());
test.after.each(() => forgetAll());

async function post(path: string, id?: string, headers: Record<string, string> = {}) {
  const ids: Record<string, string> =
    id === undefined ? {} : { "idempotency-key": id, "webhook-id": `d-${id}` };
  const answer = await request(`${simulator.url}/partners/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...ids, ...headers },
    body: '{"email":"ada@example.com"}',
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, text, retryAfter: answer.headers["retry-after"] };
}

const { told, behave, forgetAll } = askSimulator(() => simulator.url);

const statuses = async (name: string, ids: readonly string[]): Promise<number[]> => {
  const all: number[] = [];
  for (const id of ids) all.push((await post(name, id)).status);
  return all;
};

const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "answered",
    (error: Error & { code?: string }) => error.code ?? error.name,
  );

test("accepts by default, with the price it was told", async () => {
  assert.equal(JSON.parse((await post("edu", "a")).text), { status: "accepted" });
  await behave("edu", { price: 12.5 });
  assert.equal(JSON.parse((await post("edu", "b")).text), { status: "accepted", price: 12.5 });
});

test("counts effects and requests of each id, and recognises a repeat", async () => {
  await post("edu", "a");
  assert.is(JSON.parse((await post("edu", "a")).text).duplicate, true);
  await post("edu", "b");
  const { items, ...sums } = await told("edu/effects");
  assert.equal(items, [
    { id: "a", requests: 2, effects: 1, repeats: 1, other_webhook_ids: 0 },
    { id: "b", requests: 1, effects: 1, repeats: 0, other_webhook_ids: 0 },
  ]);
  assert.equal(sums, {
    ids: 2,
    effects: 2,
    repeats: 1,
    other_webhook_ids: 0,
    max: 1,
    max_requests: 2,
    forgotten: 0,
  });
});

test("processes a repeat again when it is not idempotent", async () => {
  await behave("edu", { idempotent: false });
  await statuses("edu", ["a", "a", "b"]);
  const { max, effects } = await told("edu");
  assert.equal({ max, effects }, { max: 2, effects: 3 });
  assert.equal(
    ((await told("edu/effects?min=2")).items as Json[]).map(({ id }) => id),
    ["a"],
  );
});

test("notices attempts that do not carry the same webhook-id", async () => {
  await post("edu", "a");
  await post("edu", "a", { "webhook-id": "another" });
  assert.is((await told("edu")).other_webhook_ids, 1);
});

test("fails at a rate, the same requests in every run", async () => {
  await behave("edu", { behaviour: "failing", rate: 0.3 });
  const ids = Array.from({ length: 300 }, (_, at) => `id-${at}`);
  const first = await statuses("edu", ids);
  const failed = first.filter((status) => status === 503).length;
  assert.ok(failed > 60 && failed < 120, `${failed} of 300 failed`);
  await request(`${simulator.url}/partners/edu`, { method: "DELETE" });
  await behave("edu", { behaviour: "failing", rate: 0.3 });
  assert.equal(await statuses("edu", ids), first);
});

test("fails so many times for each id, then does well", async () => {
  await behave("edu", { behaviour: "fails_then_well", times: 2 });
  assert.equal(await statuses("edu", ["a", "b", "a", "a", "b", "b"]), [503, 503, 503, 200, 503, 200]);
});

test("limits with 429 and Retry-After, by id or by rate", async () => {
  await behave("edu", { behaviour: "rate_limited", retry_after_s: 7 });
  assert.is((await post("edu", "a")).retryAfter, "7");
  assert.is((await post("edu", "a")).status, 200);
  await behave("fin", { behaviour: "rate_limited", per_second: 2 });
  const burst = await statuses("fin", ["a", "b", "c", "d", "e"]);
  assert.equal(burst.slice(0, 2), [200, 200]);
  assert.ok(burst.includes(429));
});

test("is slow", async () => {
  await behave("edu", { behaviour: "slow", delay_ms: 150 });
  const started = performance.now();
  assert.is((await post("edu", "a")).status, 200);
  assert.ok(performance.now() - started >= 149);
});

test("hangs without an effect, and knows how many are waiting", async () => {
  const ending = new AbortController();
  const waiting = request(`${simulator.url}/partners/edu?behaviour=hanging`, {
    method: "POST",
    headers: { "idempotency-key": "a" },
    signal: ending.signal,
  });
  const outcome = failure(waiting);
  while ((await told("edu")).in_flight !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  ending.abort();
  assert.is.not(await outcome, "answered");
  while ((await told("edu")).in_flight !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is((await told("edu")).effects, 0);
});

test("resets the connection after the effect, once for each id", async () => {
  await behave("edu", { behaviour: "reset_after_processing" });
  assert.is(await failure(post("edu", "a")), "ECONNRESET");
  assert.is((await told("edu")).effects, 1);
  assert.equal(JSON.parse((await post("edu", "a")).text), { status: "accepted", duplicate: true });
  assert.is((await told("edu")).effects, 1);
});

test("answers what can't be read, as JSON or as HTTP", async () => {
  const { status, text } = await post("edu?behaviour=malformed", "a");
  assert.is(status, 200);
  assert.throws(() => JSON.parse(text));
  assert.is(await failure(post("edu?behaviour=malformed&malformed=http", "b")), "HTTPParserError");
});

test("rejects with a reason", async () => {
  await behave("edu", { behaviour: "rejecting", reason: "too young", status: 409 });
  const { status, text } = await post("edu", "a");
  assert.is(status, 409);
  assert.is(JSON.parse(text).reason, "too young");
});

test("rejects nothing that it took before, where it recognises repeats", async () => {
  await behave("edu", { behaviour: "reset_after_processing" });
  assert.is(await failure(post("edu", "a")), "ECONNRESET");
  await behave("edu", { behaviour: "rejecting" });
  assert.equal(JSON.parse((await post("edu", "a")).text), { status: "accepted", duplicate: true });
  assert.is((await post("edu", "b")).status, 422);
  await behave("edu", { behaviour: "rejecting", idempotent: false });
  assert.is((await post("edu", "a")).status, 422);
});

test("checks signatures when it is told the secret, and never tells the secret", async () => {
  const secret = newSecret();
  await behave("edu", { secret });
  assert.is((await post("edu", "a")).status, 401);
  const headers = signedHeaders(parseSecret(secret), "d-a", '{"email":"ada@example.com"}');
  assert.is((await post("edu", "a", headers)).status, 200);
  const { unverified, effects, settings } = await told("edu");
  assert.equal({ unverified, effects }, { unverified: 1, effects: 1 });
  assert.not.match(JSON.stringify(settings), secret);
});

test("shows the last requests as they came", async () => {
  await post("edu", "a");
  const [only] = (await told("edu/requests")).items as { headers: Json; body: string }[];
  assert.is(only?.body, '{"email":"ada@example.com"}');
  assert.is(only?.headers["idempotency-key"], "a");
});

test("forgets the oldest ids of the fullest partner, says so, and keeps the sums", async () => {
  const ids = Array.from({ length: 499 }, (_, at) => `id-${at}`);
  await statuses("edu", ids);
  await statuses("fin", ["a", "b", "c"]);
  const { ids: known, effects, forgotten } = await told("edu");
  assert.equal({ known, effects, forgotten }, { known: 499, effects: 499, forgotten: 2 });
  assert.is((await told("fin")).forgotten, 0);
});

test("refuses settings and names that it does not know", async () => {
  assert.is(await behave("edu", { behaviour: "moody" }), 422);
  assert.is(await behave("edu", { rate: 2 }), 422);
  assert.is(await behave("edu", { secret: "whsec_short" }), 422);
  assert.is(await behave("a.b", {}), 422);
  assert.is((await post("edu?behaviour=moody", "a")).status, 422);
});

test("answers what it delays and cuts off what hangs when it is closed", async () => {
  const other = await createSimulator();
  const of = (query: string) => request(`${other.url}/partners/edu?${query}`, { method: "POST" });
  const slow = of("behaviour=slow&delay_ms=60000");
  const hanging = failure(of("behaviour=hanging"));
  const inFlight = async () => {
    const { body } = await request(`${other.url}/partners/edu`);
    return ((await body.json()) as Json).in_flight;
  };
  while ((await inFlight()) !== 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const started = performance.now();
  await other.close();
  assert.is((await slow).statusCode, 200);
  assert.is(await hanging, "UND_ERR_SOCKET");
  assert.ok(performance.now() - started < 30_000);
});

test("listens on loopback alone, wherever the process answers operators", async () => {
  const port = await freePort();
  const main = new URL("main.ts", import.meta.url).pathname;
  const env = { HOST: "0.0.0.0", PORT: "0", SIMULATOR_PORT: `${port}`, LOG_LEVEL: "warn" };
  const process = await startNode(main, env);
  const { statusCode } = await request(`http://127.0.0.1:${port}/partners`);
  assert.is(statusCode, 200);
  // Another address of this machine, which one that listens everywhere would answer at.
  const elsewhere = await request(`http://127.0.0.2:${port}/partners`).catch((error: unknown) => error);
  assert.is((elsewhere as { code?: string }).code, "ECONNREFUSED");
  await process.stop();
});

test.run();
