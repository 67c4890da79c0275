import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { startEventStore } from "../../test/eventstore/server.ts";
import { startParts, startRealGateway } from "../../test/gateway/real.ts";
import { until } from "../../test/harness/wait.ts";

const test = suite("the gateway without its event store");

const OUTAGE_MS = 8_000;
const PRODUCERS = 40;

test("with the store killed under load and started again, nothing accepted is lost and service resumes by itself", async () => {
  const secret = newSecret();
  const parts = await startParts();
  const gateway = await startRealGateway(parts, secret);
  const pool = new Pool(gateway.url, { connections: PRODUCERS });
  const accepted = new Map<string, string>();
  let [refused, slowest, running] = [0, 0, true];
  let lastAcceptedAt = 0;

  async function submit(key: string): Promise<number> {
    const body = JSON.stringify({ email: `${key}@example.com` });
    const headers = {
      "content-type": "application/json",
      "x-source": "demo",
      ...signedHeaders(parseSecret(secret), key, body),
    };
    const began = performance.now();
    const answer = await pool.request({ path: "/api/submit", method: "POST", headers, body });
    const told = (await answer.body.json()) as { id: string };
    slowest = Math.max(slowest, performance.now() - began);
    if (answer.statusCode === 202) {
      accepted.set(key, told.id);
      lastAcceptedAt = performance.now();
    } else {
      assert.is(answer.statusCode, 503);
      assert.ok(answer.headers["retry-after"]);
      refused += 1;
    }
    return answer.statusCode;
  }

  async function produce(): Promise<void> {
    while (running) {
      const key = randomUUID();
      // As producers do: the same key until it is taken in.
      while ((await submit(key)) !== 202 && running) await pause(100);
    }
  }
  const producers = Array.from({ length: PRODUCERS }, produce);

  await until("some are accepted", () => accepted.size > 200);
  await parts.eventStore.kill();
  await pause(OUTAGE_MS);
  assert.ok(refused > 0);
  const restarted = await startEventStore({ dir: parts.eventStore.dir, port: parts.eventStore.port });
  const back = performance.now();
  await until("it accepts again", () => lastAcceptedAt > back, 20_000);
  running = false;
  await Promise.all(producers);

  assert.ok(slowest < 5_000, `the slowest answer took ${slowest} ms`);
  const store = gateway.yard.eventStore();
  const ids = [...accepted.values()];
  assert.is(new Set(ids).size, ids.length);
  for (const id of ids) assert.is((await store.readStream(`submission-${id}`)).length, 1, id);

  await pool.close();
  await gateway.stop();
  await restarted.kill();
  await parts.stop();
});

test.run();
