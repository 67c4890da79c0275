import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import * as assert from "uvu/assert";
import { SourceId } from "#domain/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { startTestGateway } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { startTcpProxy } from "../../../test/gateway/tcp-proxy.ts";
import { until } from "../../../test/harness/wait.ts";
import { submissionIdOf } from "../intake/receive.ts";

const { test, yard, parts } = await gatewaySuite("the server's bounds");

interface Spoken {
  readonly text: () => string;
  readonly closedAfterMs: Promise<number>;
  write(text: string): void;
}

function speak(first: string): Spoken {
  const socket = connect(Number(new URL(yard.url).port), "127.0.0.1");
  const began = performance.now();
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.on("error", () => undefined);
  const closedAfterMs = new Promise<number>((resolve) =>
    socket.on("close", () => resolve(performance.now() - began)),
  );
  socket.write(first);
  return { text: () => text, closedAfterMs, write: (more) => void socket.write(more) };
}

const body = JSON.stringify({ email: "jane@example.com" });
const head = (more: string): string =>
  `POST /api/submit HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${more}`;

test("who sends slowly is cut off, and holds up nobody", async () => {
  const slowHead = speak("POST /api/submit HTTP/1.1\r\nhost: x\r\nx-slow: ");
  const slowBody = speak(head("content-length: 100\r\n\r\n{"));
  const dripping = setInterval(() => {
    slowHead.write("a");
    slowBody.write(" ");
  }, 250);
  assert.is((await yard.submit({ email: "jane@example.com" })).status, 202);
  const took = await Promise.all([slowHead.closedAfterMs, slowBody.closedAfterMs]);
  clearInterval(dripping);
  for (const ms of took) assert.ok(ms > 8_000 && ms < 14_000, `${ms}`);
  for (const { text } of [slowHead, slowBody]) {
    assert.match(text(), /^HTTP\/1\.1 408 /);
    assert.match(text(), /application\/problem\+json/);
  }
});

test("what is no HTTP, and headers without end, are refused as problems", async () => {
  const nonsense = speak("hello\r\n\r\n");
  await nonsense.closedAfterMs;
  assert.match(nonsense.text(), /^HTTP\/1\.1 400 .*problem\+json/s);
  const endless = speak(head(`x-long: ${"a".repeat(40_000)}\r\n\r\n`));
  await endless.closedAfterMs;
  assert.match(endless.text(), /^HTTP\/1\.1 413 .*problem\+json/s);
});

test("a request without a host is refused as a problem, and needs none in HTTP/1.0", async () => {
  const nowhere = speak("GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n");
  await nowhere.closedAfterMs;
  assert.match(nowhere.text(), /^HTTP\/1\.1 400 .*problem\+json.*host/s);
  const old = speak("GET /livez HTTP/1.0\r\n\r\n");
  await old.closedAfterMs;
  assert.match(old.text(), /^HTTP\/1\.1 200 /);
});

test("a body without a length is bounded all the same", async () => {
  const chunk = "a".repeat(60_000);
  const chunked = speak(head("transfer-encoding: chunked\r\n\r\n"));
  for (let at = 0; at < 10; at += 1) chunked.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  chunked.write("0\r\n\r\n");
  await until("it is answered", () => chunked.text().startsWith("HTTP/1.1 413 "));
});

test("several requests in one connection are answered in order", async () => {
  const one = (key: string): string => {
    const signed = Object.entries(signedHeaders(parseSecret(yard.secret), key, body));
    const headers = signed.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return `${head(`x-source: demo\r\n${headers}content-length: ${body.length}\r\n\r\n`)}${body}`;
  };
  const key = randomUUID();
  const socket = speak(one(key) + one(key) + one(randomUUID()));
  await until("three answers", () => socket.text().match(/HTTP\/1\.1 /g)?.length === 3);
  assert.is(socket.text().match(/HTTP\/1\.1 (202|409) /g)?.length, 3);
});

test("while it stops, what has come in is still answered", async () => {
  const wire = await startTcpProxy(parts.eventStore.port);
  const eventstoreUrl = `esdb://127.0.0.1:${wire.port}?tls=false&defaultDeadline=30000`;
  const ending = await startTestGateway(parts, { eventstoreUrl });
  assert.is((await ending.submit(body)).status, 202);
  wire.hold();
  const keys = Array.from({ length: 30 }, () => randomUUID());
  const answering = keys.map((key) => ending.submit(body, { key }));
  const ids = keys.map((key) => submissionIdOf(SourceId.parse("demo"), key));
  await until("they are on their way", () => ids.every((id) => wire.held().includes(id)));
  const stopped = ending.stop();
  await until("nobody new gets in", () => isRefused(ending.url));
  wire.release();
  const answers = await Promise.all(answering);
  assert.equal([...new Set(answers.map(({ status }) => status))], [202]);
  await stopped;
  assert.not.match(ending.logged(), /did not close/);
  await wire.close();
});

function isRefused(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  return new Promise((resolve) => {
    socket
      .on("error", () => resolve(true))
      .on("connect", () => {
        socket.destroy();
        resolve(false);
      });
  });
}

test.run();
