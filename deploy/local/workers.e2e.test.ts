// What operators see of the processes of `npm start`, and of one that is killed.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ROLES, type Role } from "#platform/config.ts";
import { freePort } from "#platform/free-port.ts";
import { until } from "../../test/harness/wait.ts";
import { type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";
import { spread } from "./processes/spread.ts";

const test = suite("Workers of npm start");
const dataDir = temporaryDataFolder();
let port = 0;
let yard: Launched;

interface Worker {
  readonly role: Role;
  readonly instance: string;
  readonly state: string;
  readonly since: string;
  readonly restarts: number;
  readonly last_heartbeat: string;
  readonly reason?: string;
}

const PARTNERS = ["edu", "fin", "fallback", "sales", "pricing"];

test.before(async () => {
  port = await freePort();
  yard = startLauncher(
    dataDir,
    { PORT: `${port}`, SIMULATOR_PORT: `${await freePort()}`, LOG_LEVEL: "warn" },
    "real",
  );
  assert.ok(await yard.ready, yard.output());
});
test.after(async () => {
  yard.signal("SIGTERM");
  await yard.exited;
});

async function workers(): Promise<readonly Worker[]> {
  const token = readFileSync(join(dataDir, "secrets", "admin-token"), "utf8");
  const { body } = await request(`http://127.0.0.1:${port}/api/workers`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return (await body.json()) as readonly Worker[];
}

async function metrics(): Promise<string> {
  const { body } = await request(`http://127.0.0.1:${port}/metrics`);
  return await body.text();
}

async function figure(series: string): Promise<number> {
  const line = (await metrics()).split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

test("every role runs, each in the process that the launcher started for it", async () => {
  const all = await until("every role runs", async () => {
    const found = await workers();
    return found.filter(({ state }) => state === "running").length === ROLES.length && found;
  });
  assert.equal(all.map(({ role }) => role).sort(), [...ROLES].sort());
  for (const { role, instance, restarts, reason, since, last_heartbeat } of all) {
    const process = spread(ROLES, availableParallelism()).find(({ roles }) => roles.includes(role));
    assert.match(instance, new RegExp(`-${yard.pid}-${process?.name}$`));
    assert.equal([restarts, reason], [0, undefined], role);
    assert.ok(Date.now() - Date.parse(last_heartbeat) < 10_000);
    assert.ok(Date.parse(since) <= Date.parse(last_heartbeat) + 1_000);
  }
  for (const role of ROLES) assert.is(await figure(`switchyard_worker_up{role="${role}"}`), 1, role);
});

test("the gateway shows the figures of all processes", async () => {
  const text = await until("every partner's queue is shown", async () => {
    const shown = await metrics();
    return PARTNERS.every((one) => shown.includes(`switchyard_queue_depth{queue="partner:${one}"}`)) && shown;
  });
  for (const series of [
    'switchyard_circuit_state{partner="edu"} 0',
    "switchyard_relay_lag_events ",
    "switchyard_event_loop_lag_seconds ",
    "switchyard_disk_free_bytes ",
    "switchyard_disk_size_bytes ",
    'switchyard_projection_lag_events{projection="leads"} ',
    'switchyard_queue_depth{queue="lead:0"} ',
    'switchyard_queue_redelivered{queue="lead:0"} ',
  ])
    assert.ok(text.includes(`\n${series}`), series);
  for (const name of ["gateway", "worker"])
    assert.match(text, new RegExp(`\nprocess_cpu_seconds_total\\{process="[\\w-]+-${name}"\\} `));
});

test("a worker that is killed is told as lost and why, comes back, and was restarted once", async () => {
  const own = (all: readonly Worker[]) => all.filter(({ instance }) => instance.endsWith("-worker"));
  const before = own(await workers());
  const seen: Worker[] = [];
  process.kill(yard.children().worker ?? 0, "SIGKILL");
  await until(
    "its roles run again",
    async () => {
      const now = own(await workers());
      seen.push(...now);
      return now.every(({ state, restarts }) => state === "running" && restarts === 1) && now.length > 0;
    },
    30_000,
  );
  assert.ok(seen.some(({ state, reason }) => state === "lost" && /signal SIGKILL/.test(reason ?? "")));
  assert.ok(seen.some(({ state }) => state === "starting"));
  const after = own(await workers());
  assert.equal(
    after.map(({ role, instance }) => [role, instance]),
    before.map(({ role, instance }) => [role, instance]),
  );
  for (const { reason } of after) assert.match(reason ?? "", /ended with signal SIGKILL/);
  assert.is(await figure('switchyard_worker_restarts_total{role="leads"}'), 1);
  assert.is(await figure('switchyard_worker_up{role="leads"}'), 1);
  assert.is(await figure('switchyard_worker_restarts_total{role="gateway"}'), 0);
});

test("one that hangs is lost after some seconds, and back when it goes on", async () => {
  const pid = yard.children().worker ?? 0;
  const leads = async (): Promise<Worker | undefined> =>
    (await workers()).find(({ role }) => role === "leads");
  process.kill(pid, "SIGSTOP");
  try {
    await until("it is lost", async () => (await leads())?.state === "lost", 30_000);
    assert.match((await leads())?.reason ?? "", /no heartbeat for 5 s/);
    assert.is(await figure('switchyard_worker_up{role="leads"}'), 0);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await until("it is back", async () => (await leads())?.state === "running", 30_000);
  assert.is((await leads())?.restarts, 1);
});

test("of the simulator, which has no connection to NATS, the launcher tells", async () => {
  process.kill(yard.children().simulator ?? 0, "SIGKILL");
  await until(
    "it runs again",
    async () => {
      const simulator = (await workers()).find(({ role }) => role === "simulator");
      return simulator?.state === "running" && simulator.restarts === 1;
    },
    30_000,
  );
});

test("a gateway that was killed knows that it was, and all others", async () => {
  process.kill(yard.children().gateway ?? 0, "SIGKILL");
  const all = await until(
    "it answers again",
    async () => {
      const found = await workers().catch(() => []);
      return found.filter(({ state }) => state === "running").length === ROLES.length && found;
    },
    30_000,
  );
  assert.is(all.find(({ role }) => role === "gateway")?.restarts, 1);
  assert.is(all.find(({ role }) => role === "leads")?.restarts, 1);
});

test.run();
