// What a process tells Sentry, seen by a receiver that plays its end.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNode } from "../test/harness/process.ts";
import { until } from "../test/harness/wait.ts";

const test = suite("Error reports");

interface Item {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
}
const items: Item[] = [];
const texts: string[] = [];
const paths: (string | undefined)[] = [];
let receiver: Server;
let dsn = "";

test.before(async () => {
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
    paths.push(request.url);
    texts.push(text);
    // An envelope: its own header, then a header and a body for each item, a line each.
    const lines = text.trim().split("\n").slice(1);
    for (let at = 0; at + 1 < lines.length; at += 2)
      items.push({ type: JSON.parse(lines[at] ?? "").type, body: JSON.parse(lines[at + 1] ?? "") });
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  dsn = `http://publickey@127.0.0.1:${(receiver.address() as AddressInfo).port}/42`;
});
test.after(() => void receiver.close());

const script = new URL("./fixtures/reports-errors.ts", import.meta.url).pathname;

const run = (how: string, env: Readonly<Record<string, string>> = {}) =>
  startNode(script, { ROLES: "relay", INSTANCE: "m-relay", PORT: "0", HOW: how, ...env });

const errors = () => items.filter(({ type }) => type === "event").map(({ body }) => body);
const timings = () => items.filter(({ type }) => type === "transaction").map(({ body }) => body);

test("an error that is logged is reported with its stack, and nothing of a person", async () => {
  const process = await run("logs", { SENTRY_DSN: dsn });
  const [event] = await until("it is reported", () => errors().length > 0 && errors());
  await process.stop();
  assert.match(paths[0] ?? "", /^\/api\/42\/envelope\//);
  assert.is(event.exception.values[0].type, "RangeError");
  assert.is(event.exception.values[0].value, "no route for [e-mail] at [number]");
  assert.ok(
    event.exception.values[0].stacktrace.frames.some((one: { filename: string }) =>
      one.filename.endsWith("reports-errors.ts"),
    ),
  );
  assert.is(event.server_name, "m-relay");
  assert.equal(event.tags, { process: "relay", message: "lead of [e-mail] failed" });
  for (const name of ["request", "user", "breadcrumbs", "extra", "modules", "contexts"])
    assert.is(event[name], undefined, name);
  for (const text of texts) assert.not.match(text, /ada@|668 18 00|Lovelace|secret-of-the-header|pay-load/);
});

test("stages are reported with their times, a share of them", async () => {
  const before = timings().length;
  const process = await run("stages", { SENTRY_DSN: dsn, SENTRY_TRACES_SAMPLE_RATE: "1" });
  await until("both are reported", () => timings().length - before === 2);
  await process.stop();
  const [route] = timings().slice(before);
  assert.is(route.transaction, "stage route");
  assert.ok(Math.abs(route.timestamp - route.start_timestamp - 0.25) < 0.001);
  const none = await run("stages", { SENTRY_DSN: dsn, SENTRY_TRACES_SAMPLE_RATE: "0" });
  await none.stop();
  assert.is(timings().length - before, 2);
});

test("what ends a process is reported before it has ended", async () => {
  const before = errors().length;
  const process = await run("throws", { SENTRY_DSN: dsn });
  assert.is(await process.exited, 1);
  const [event] = errors().slice(before);
  assert.is(event?.exception.values[0].value, "thrown for the test");
  assert.is(event?.tags.message, "error was not handled");
});

test("an outage that fails a thousand times is told a few times", async () => {
  const before = errors().length;
  const process = await run("fails-often", { SENTRY_DSN: dsn });
  await process.stop();
  const told = errors().length - before;
  assert.ok(told >= 10 && told <= 40, `${told}`);
});

test("without a DSN nothing is loaded, and nothing is sent", async () => {
  const before = items.length;
  const process = await run("loaded");
  await until("it says what it has loaded", () => /sentry loaded: (true|false)/.test(process.log()));
  assert.match(process.log(), /sentry loaded: false/);
  await process.stop();
  const asked = await run("loaded", { SENTRY_DSN: dsn });
  await until("it says what it has loaded", () => /sentry loaded: true/.test(asked.log()));
  await asked.stop();
  assert.is(items.length, before);
});

test.run();
