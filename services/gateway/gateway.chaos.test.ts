import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type EventStoreServer, startEventStore } from "../../test/eventstore/server.ts";
import { type Parts, startParts, startTestGateway, type TestGateway } from "../../test/gateway/gateway.ts";
import { until } from "../../test/harness/wait.ts";

const test = suite("the gateway without its event store");
let parts: Parts;
let gateway: TestGateway;
let restarted: EventStoreServer | undefined;

test.before(async () => {
  parts = await startParts();
  gateway = await startTestGateway(parts);
});
test.after(async () => {
  await gateway?.stop();
  await restarted?.kill();
  await parts?.stop();
});

const OUTAGE_MS = 8_000;
const PRODUCERS = 40;

test("with the store killed under load and started again, nothing accepted is lost and service resumes by itself", async () => {
  const accepted = new Map<string, string>();
  let [refused, slowest, running] = [0, 0, true];
  let lastAcceptedAt = 0;

  async function submit(key: string): Promise<number> {
    const began = performance.now();
    const { status, headers, body } = await gateway.submit({ email: `${key}@example.com` }, { key });
    slowest = Math.max(slowest, performance.now() - began);
    if (status === 202) {
      accepted.set(key, body.id);
      lastAcceptedAt = performance.now();
    } else {
      assert.is(status, 503);
      assert.ok(headers["retry-after"]);
      refused += 1;
    }
    return status;
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
  restarted = await startEventStore({ dir: parts.eventStore.dir, port: parts.eventStore.port });
  const back = performance.now();
  await until("it accepts again", () => lastAcceptedAt > back, 20_000);
  running = false;
  await Promise.all(producers);

  assert.ok(slowest < 5_000, `the slowest answer took ${slowest} ms`);
  const store = gateway.eventStore();
  const ids = [...accepted.values()];
  assert.is(new Set(ids).size, ids.length);
  for (const id of ids) assert.is((await store.readStream(`submission-${id}`)).length, 1, id);
});

test.run();
