import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHealth } from "./health.ts";
import { createLifecycle } from "./lifecycle.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { startOpsServer } from "./ops-server.ts";

const ops = suite("operations");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const lifecycle = createLifecycle({ log, deadlineMs: 1000 });
const health = createHealth();
const metrics = createMetrics();
const { url } = await startOpsServer({ health, metrics, host: "127.0.0.1", port: 0, lifecycle });

ops.after(() => lifecycle.stop("end of the test"));

ops("is alive, and ready while nothing says otherwise", async () => {
  assert.is((await fetch(`${url}/livez`)).status, 200);
  const answer = await fetch(`${url}/readyz`);
  assert.is(answer.status, 200);
  assert.equal(await answer.json(), { ready: true, dependencies: {} });
});

ops("names each dependency, and what is wrong with it", async () => {
  health.add("nats", () => undefined);
  health.add("database", () => Promise.reject(new Error("connection refused")));
  health.add("eventstore", () => new Promise(() => undefined));
  const answer = await fetch(`${url}/readyz`);
  assert.is(answer.status, 503);
  assert.equal(await answer.json(), {
    ready: false,
    dependencies: {
      nats: { ok: true },
      database: { ok: false, detail: "connection refused" },
      eventstore: { ok: false, detail: "no answer within 1000 ms" },
    },
  });
});

ops("asks a dependency once for a crowd", async () => {
  let asked = 0;
  const crowded = createHealth();
  crowded.add("x", () => {
    asked += 1;
  });
  await Promise.all(Array.from({ length: 20 }, () => crowded.ready()));
  assert.is(asked, 1);
});

ops("shows every metric of the contract", async () => {
  metrics.submissionsTotal.inc({ source: "demo", kind: "lead", outcome: "accepted" });
  const text = await (await fetch(`${url}/metrics`)).text();
  assert.match(text, 'switchyard_submissions_total{source="demo",kind="lead",outcome="accepted"} 1');
  const names = [
    "ack_seconds",
    "stage_seconds",
    "end_to_end_seconds",
    "deliveries_total",
    "delivery_seconds",
    "retries_total",
    "circuit_state",
    "queue_depth",
    "dead_letters",
    "duplicates_total",
    "relay_lag_events",
    "projection_lag_events",
    "event_loop_lag_seconds",
    "worker_up",
    "worker_restarts_total",
  ];
  for (const name of names) assert.match(text, `# TYPE switchyard_${name} `);
  assert.match(text, "process_cpu_seconds_total");
});

ops("shows the figures only to who has the token, where one is set", async () => {
  const metricsToken = "a-token-of-the-test";
  const guarded = await startOpsServer({
    health,
    metrics,
    metricsToken,
    host: "127.0.0.1",
    port: 0,
    lifecycle,
  });
  const scrape = (authorization: string) => fetch(`${guarded.url}/metrics`, { headers: { authorization } });
  const refused = await fetch(`${guarded.url}/metrics`);
  assert.is(refused.status, 401);
  assert.is(refused.headers.get("www-authenticate"), "Bearer");
  assert.not.match(await refused.text(), "switchyard");
  assert.is((await scrape("Bearer another-token-of-it")).status, 401);
  assert.is((await scrape(`Bearer ${metricsToken}`)).status, 200);
  assert.is((await fetch(`${guarded.url}/livez`)).status, 200);
});

ops("shows how late the event loop is", async () => {
  const lag = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^switchyard_event_loop_lag_seconds ([\d.e-]+)$/m.exec(text)?.[1]);
  };
  const end = performance.now() + 300;
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok((await lag()) > 0.2, `${await lag()}`);
});

ops.run();
