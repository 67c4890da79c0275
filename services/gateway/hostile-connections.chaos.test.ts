// Those who connect and say nothing, and those who write and never read: what they cost, and that nobody else notices them.
import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { sendPlainly, signedPairs } from "../../test/gateway/plain-http.ts";
import { startGatewayProcess } from "../../test/gateway/process.ts";
import { partsSuite } from "../../test/gateway/suite.ts";
import { until } from "../../test/harness/wait.ts";

const { test, parts, atEnd } = await partsSuite("hostile connections");
const gateway = await startGatewayProcess(parts);
atEnd(() => gateway.stop());
const port = Number(new URL(gateway.url).port);

const SILENT = 10_000;
const AT_ONCE = 500;
const SILENT_MB = 200;
const PRODUCERS = 20;
/** With the load on the same cores. */
const IN_TIME_MS = 2_000;
const DEAF = 50;
/** Far less than all their answers. */
const DEAF_MB = 500;

const lead = '{"email":"jane@example.com"}';
const key = parseSecret(parts.secret);

async function isAccepted({ url } = gateway): Promise<void> {
  const answer = await sendPlainly(url, {
    headers: signedPairs(key, randomUUID(), lead),
    body: [lead],
  });
  assert.is(answer.status, 202);
}

/** Producers with a new connection each time; how long the slowest of them waited. */
async function slowestMs(of = gateway): Promise<number> {
  let slowest = 0;
  await Promise.all(
    Array.from({ length: PRODUCERS }, async () => {
      for (let n = 0; n < 10; n += 1) {
        const began = performance.now();
        await isAccepted(of);
        slowest = Math.max(slowest, performance.now() - began);
      }
    }),
  );
  return slowest;
}

async function connected(to = port): Promise<Socket> {
  const socket = connect(to, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

for (let n = 0; n < 20; n += 1) await isAccepted();

test(`${SILENT} connections that say nothing cost little, and end by themselves`, async () => {
  const before = gateway.residentMb();
  const silent: Socket[] = [];
  let closed = 0;
  while (silent.length < SILENT) {
    const some = await Promise.all(Array.from({ length: AT_ONCE }, () => connected()));
    for (const socket of some) socket.on("close", () => (closed += 1)).resume();
    silent.push(...some);
  }
  const most = gateway.residentMb();
  assert.is(closed, 0);
  const slowest = await slowestMs();
  assert.ok(slowest < IN_TIME_MS, `a submission was acknowledged after ${slowest.toFixed(0)} ms`);
  assert.ok(most - before < SILENT_MB, `it grew from ${before} to ${most} MB`);
  await until("all are ended", () => closed === SILENT, 60_000);
  await isAccepted();
  const each = ((most - before) * 1024) / SILENT;
  console.log(
    `  ${SILENT} silent connections: ${before.toFixed(0)} → ${most.toFixed(0)} MB, ${each.toFixed(1)} KB each; ` +
      `slowest acknowledgement beside them ${slowest.toFixed(0)} ms`,
  );
});

test("a gateway that may open few files says so, and more connections than that keep nobody out", async () => {
  const small = await startGatewayProcess(parts, { openFiles: 1_500 });
  atEnd(() => small.stop());
  const told = /"open_files":1500,"needed":25500,"connections":1000.*limit of open files is too low/;
  assert.match(small.log(), told);
  assert.not.match(gateway.log(), /EMFILE/);
  const to = Number(new URL(small.url).port);
  let closed = 0;
  for (let opened = 0; opened < 4_000; opened += AT_ONCE) {
    const some = await Promise.all(Array.from({ length: AT_ONCE }, () => connected(to)));
    for (const socket of some) socket.on("close", () => (closed += 1)).resume();
    assert.ok((await slowestMs(small)) < IN_TIME_MS);
  }
  await until("the oldest are ended", () => closed >= 3_000);
  // Its stores and NATS are reached over descriptors of their own.
  assert.not.match(small.log(), /EMFILE|ECONNREFUSED/);
});

/** Refused with an error for each field, so that the answer is longer than what it answers. */
const wrong = `${JSON.stringify({ kind: 1, "webhook-id": 1, "webhook-timestamp": {}, "webhook-signature": 1, "idempotency-key": 1, "x-signature-256": 1, "content-type": 1, traceparent: 1, body: 1 })}\n`;

const chunkOf = (text: string): Buffer =>
  Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);

test("who writes unsigned lines and never reads the answers is held back, and then cut off", async () => {
  const before = gateway.residentMb();
  let most = before;
  const [lines, blank] = [chunkOf(wrong.repeat(1_000)), chunkOf("\n".repeat(1024 * 1024))];
  // More than the kernel keeps for both sides.
  const chunks = [...Array.from({ length: 9 }, () => lines), ...Array.from({ length: 32 }, () => blank)];
  let [closed, heardOut] = [0, 0];
  for (let n = 0; n < DEAF; n += 1) {
    let sent = 0;
    const socket = (await connected()).on("close", () => {
      closed += 1;
      if (sent === chunks.length) heardOut += 1;
    });
    socket.pause();
    socket.write(
      "POST /api/submit/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for (const chunk of chunks)
      socket.write(chunk, (error) => {
        if (!error) sent += 1;
      });
  }
  await until(
    "all are cut off",
    async () => {
      most = Math.max(most, gateway.residentMb());
      await isAccepted();
      return closed === DEAF;
    },
    60_000,
  );
  console.log(`  ${DEAF} batches whose answers nobody reads: ${before.toFixed(0)} → ${most.toFixed(0)} MB`);
  assert.is(heardOut, 0);
  assert.ok(most - before < DEAF_MB, `it grew from ${before} to ${most} MB`);
});

test("who reads the answers only once all is sent gets them all", async () => {
  const lines = Array.from({ length: 5_000 }, () => {
    const id = randomUUID();
    return `${JSON.stringify({ ...signedHeaders(key, id, lead), body: lead })}\n`;
  }).join("");
  const socket = (await connected()).pause();
  socket.write(
    `POST /api/submit/batch HTTP/1.1\r\nhost: x\r\nx-source: demo\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${lines.length}\r\n\r\n`,
  );
  let answers = 0;
  await new Promise<void>((resolve) => socket.write(lines, () => resolve()));
  socket.on("data", (bytes) => {
    answers += bytes.toString("latin1").match(/"status":202/g)?.length ?? 0;
  });
  socket.resume();
  await until("all are answered", () => answers >= 4_990, 60_000);
  socket.destroy();
});

test.run();
