import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { SourceId } from "#domain/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { storedIn } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { submissionIdOf } from "./receive.ts";

const { test, yard, parts } = await gatewaySuite("bulk intake, streamed both ways");

const lead = '{"email":"jane@example.com"}';
const line = (key: string = randomUUID()): string =>
  `${JSON.stringify({ ...signedHeaders(parseSecret(yard.secret), key, lead), body: lead })}\n`;

interface Batch {
  readonly socket: Socket;
  readonly seen: () => string;
  /** The answer lines that have come so far. */
  readonly answers: () => number;
  write(text: string): void;
}

/** A sender that has not said how much there is to come. */
function open(): Batch {
  const socket = connect(Number(new URL(yard.url).port), "127.0.0.1");
  let seen = "";
  socket.on("data", (chunk) => (seen += chunk.toString()));
  socket.on("error", () => undefined);
  socket.write(
    "POST /api/submit/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n" +
      "x-source: demo\r\ntransfer-encoding: chunked\r\n\r\n",
  );
  return {
    socket,
    seen: () => seen,
    answers: () => seen.match(/"line":\d+/g)?.length ?? 0,
    write: (text) => void socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
  };
}

const stored = (key: string) =>
  yard.eventStore().readStream(`submission-${submissionIdOf(SourceId.parse("demo"), key)}`);

test("each line is answered before the next one is sent", async () => {
  const batch = open();
  for (let sent = 1; sent <= 5; sent += 1) {
    batch.write(line());
    await until(`line ${sent} is answered`, () => batch.answers() === sent);
  }
  batch.socket.write("0\r\n\r\n");
  await until("it ends", () => batch.seen().endsWith("0\r\n\r\n"));
  assert.is(batch.answers(), 5);
  batch.socket.destroy();
});

test("a line cut anywhere is one line", async () => {
  const batch = open();
  const [key, other] = [randomUUID(), randomUUID()];
  for (const byte of line(key)) batch.write(byte);
  await until("it is answered", () => batch.answers() === 1);
  const two = line() + line(other);
  batch.write(two.slice(0, 500));
  batch.write(two.slice(500));
  await until("both are answered", () => batch.answers() === 3);
  assert.is((await stored(key)).length, 1);
  assert.is((await stored(other)).length, 1);
  batch.socket.destroy();
});

test("when the sender goes away, what it has sent is taken in and what it has begun is not", async () => {
  const [whole, begun] = [randomUUID(), randomUUID()];
  const refusedBefore = await storedIn("intake-", yard);
  const batch = open();
  batch.write(line(whole));
  await until("the whole line is answered", () => batch.answers() === 1);
  // All but the newline: it can't be known that no more of it was to come.
  batch.write(line(begun).trimEnd());
  batch.socket.destroy();
  const next = open();
  next.write(line());
  await until("another batch is answered", () => next.answers() === 1);
  next.socket.destroy();
  assert.is((await stored(whole)).length, 1);
  assert.equal(await stored(begun), []);
  assert.equal(await storedIn("intake-", yard), refusedBefore);
  assert.is((await yard.submit(lead, { key: begun })).status, 202);
});

test("what comes after too many lines is dropped, and the connection serves on", async () => {
  const many = Array.from({ length: 10_001 }, () => "{}\n").join("");
  const batch = open();
  batch.write(many);
  await until("too many are told", () => batch.seen().includes('"line":10001'));
  assert.match(batch.seen(), /"line":10001,"type":"urn:switchyard:problem:too_large"/);
  await until("the answer ends", () => batch.seen().endsWith("0\r\n\r\n"));
  batch.write(many);
  batch.socket.write("0\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
  await until("the next request is answered", () => batch.seen().endsWith('{"alive":true}'));
  assert.is(batch.answers(), 10_001);
  batch.socket.destroy();
});

test("a batch that waits for a silent store answers its lines when the store speaks again", async () => {
  const batch = open();
  parts.freeze();
  const keys = Array.from({ length: 10 }, () => randomUUID());
  batch.write(keys.map(line).join(""));
  await until("all are answered", () => batch.answers() === keys.length).finally(() => parts.thaw());
  assert.not.match(batch.seen(), /"status":(?!503)/);
  assert.match(batch.seen(), /"status":503,"retry_after":1/);
  const again = open();
  again.write(keys.map(line).join(""));
  await until("all are taken in", () => again.seen().match(/"status":202/g)?.length === keys.length);
  for (const key of keys) assert.is((await stored(key)).length, 1);
  for (const { socket } of [batch, again]) socket.destroy();
});

test("a batch that falls silent is told so in a last line, and its connection ends", async () => {
  const batch = open();
  const closed = new Promise((resolve) => batch.socket.once("close", resolve));
  const began = performance.now();
  batch.write(line());
  batch.write('{"kind":');
  await until("the whole line is answered", () => batch.answers() === 1);
  await closed;
  const took = performance.now() - began;
  assert.ok(took > 8_000 && took < 20_000, `${took}`);
  assert.match(batch.seen(), /"line":2,"type":"urn:switchyard:problem:too_slow".*\n.*0\r\n\r\n$/s);
  assert.is(batch.seen().match(/HTTP\/1\.1 /g)?.length, 1);
});

test("one address has only so many batches at once, and others are told when to come again", async () => {
  const batches = Array.from({ length: 128 }, open);
  for (const batch of batches) batch.write(line());
  for (const batch of batches) await until("it is answered", () => batch.answers() === 1);
  const more = open();
  await until("it is refused", () => more.seen().startsWith("HTTP/1.1 503 "));
  assert.match(more.seen(), /retry-after: 1\r\n.*"retry_after":1/s);
  for (const { socket } of batches) socket.destroy();
  await until("there is room again", async () => {
    const again = open();
    again.write(line());
    await until("it is heard", () => again.seen() !== "");
    again.socket.destroy();
    return again.seen().startsWith("HTTP/1.1 200 ");
  });
});

test.run();
