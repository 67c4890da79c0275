import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as assert from "uvu/assert";
import { SourceId } from "#domain/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type EventStoreServer, startEventStore } from "../../test/eventstore/server.ts";
import { startTestGateway, storedIn } from "../../test/gateway/gateway.ts";
import { natsProducer } from "../../test/gateway/over-nats.ts";
import { sendPlainly } from "../../test/gateway/plain-http.ts";
import { startGatewayProcess } from "../../test/gateway/process.ts";
import { startProducers } from "../../test/gateway/producers.ts";
import { partsSuite } from "../../test/gateway/suite.ts";
import { until } from "../../test/harness/wait.ts";
import { submissionIdOf } from "./intake/receive.ts";

const { test, parts, atEnd } = await partsSuite("the gateway without its event store");
let restarted: EventStoreServer | undefined;
atEnd(() => restarted?.kill());
const gateway = await startGatewayProcess(parts);
atEnd(() => gateway.stop());
const nats = await natsProducer(parts.nats.url);
atEnd(() => nats.close());

/** The store first hears and says nothing, then is killed and gone. */
const SILENT_MS = 10_000;
const GONE_MS = 20_000;
const PRODUCERS = 200;
const SOME = 500;
const WITHIN_MS = 5_000;
const RESUMED_MS = 10_000;
/** More than what may wait for the store, and far less than a queue without bound would come to. */
const GROWTH_MB = 256;

const bodyOf = (key: string): string => JSON.stringify({ email: `${key}@example.com`, x: "y".repeat(2_000) });
const signed = (key: string) => signedHeaders(parseSecret(parts.secret), key, bodyOf(key));

/** Asks over NATS until it is taken in. */
async function askUntilTaken(key: string): Promise<void> {
  for (;;) {
    const began = performance.now();
    const { body } = await nats.ask("demo", signed(key), bodyOf(key));
    assert.ok(performance.now() - began < WITHIN_MS);
    if (body.outcome === "accepted") return;
    assert.equal([body.status, body.retry_after], [503, 1]);
    await pause(body.retry_after * 1_000);
  }
}

async function batchStatuses(keys: readonly string[]): Promise<number[]> {
  const lines = keys.map((key) => `${JSON.stringify({ ...signed(key), body: bodyOf(key) })}\n`);
  const { status, text } = await sendPlainly(gateway.url, {
    path: "/api/submit/batch",
    headers: [
      ["content-type", "application/x-ndjson"],
      ["x-source", "demo"],
    ],
    body: lines,
  });
  assert.is(status, 200);
  const answers = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const one of answers) assert.ok(one.status === 202 || one.retry_after === 1, JSON.stringify(one));
  return answers.map((one) => one.status);
}

test("with the store away for 30 s under load nothing accepted is lost, all else is told to come again, and service resumes by itself", async () => {
  const producers = startProducers({ url: gateway.url, producers: PRODUCERS, signed, bodyOf });
  await until("some are accepted", () => producers.accepted.size > SOME);
  const before = gateway.residentMb();
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, gateway.residentMb())), 250);

  process.kill(parts.eventStore.pid, "SIGSTOP");
  const [askedKeys, publishedKeys, batchKeys] = [10, 100, 50].map((count) =>
    Array.from({ length: count }, () => randomUUID()),
  ) as [string[], string[], string[]];
  const asked = askedKeys.map(askUntilTaken);
  const batch = batchStatuses(batchKeys);
  await pause(SILENT_MS);
  await parts.eventStore.kill();
  await Promise.all(publishedKeys.map((key) => nats.publish("demo", signed(key), bodyOf(key))));
  await pause(GONE_MS);
  const refusedMeanwhile = producers.refused();
  restarted = await startEventStore({ dir: parts.eventStore.dir, port: parts.eventStore.port });
  const back = performance.now();
  await until("it accepts again", () => producers.lastAcceptedAt() > back, RESUMED_MS);
  const resumedMs = producers.lastAcceptedAt() - back;
  const acceptedSoFar = producers.accepted.size;
  await until("it is at work again", () => producers.accepted.size > acceptedSoFar + SOME);
  await producers.end();
  await Promise.all([...asked, batch]);
  assert.equal(
    await batchStatuses(batchKeys),
    batchKeys.map(() => 202),
  );
  clearInterval(watching);

  assert.equal(producers.unexpected, []);
  assert.ok(refusedMeanwhile > PRODUCERS, `only ${refusedMeanwhile} were refused`);
  assert.ok(producers.slowestMs() < WITHIN_MS, `the slowest answer took ${producers.slowestMs()} ms`);
  assert.ok(most - before < GROWTH_MB, `it grew from ${before} to ${most} MB`);
  assert.not.match(gateway.log(), /@example\.com|whsec_/);

  const reader = await startTestGateway(parts);
  const idOf = (key: string) => submissionIdOf(SourceId.parse("demo"), key);
  const expected = [...producers.accepted.keys(), ...askedKeys, ...publishedKeys, ...batchKeys].map(idOf);
  const events = await until("what was published is taken in, too", async () => {
    const all = await storedIn("submission-", reader);
    return all.length >= expected.length && all;
  });
  assert.equal(events.map(({ stream }) => stream).sort(), expected.map((id) => `submission-${id}`).sort());
  for (const [key, id] of producers.accepted) assert.is(id, idOf(key));
  assert.equal(await storedIn("intake-", reader), []);
  await reader.stop();
  console.log(
    `  ${producers.accepted.size} accepted, ${producers.refused()} told to come again; slowest answer ${producers.slowestMs().toFixed(0)} ms; ` +
      `first accepted ${resumedMs.toFixed(0)} ms after the store was back; memory ${before.toFixed(0)} → at most ${most.toFixed(0)} MB`,
  );
});

test.run();
