// What a newcomer does first, with everything real: start, paste the curl, run the demo, stop, start again.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readEndpoints } from "#platform/endpoints.ts";
import { freePort } from "#platform/free-port.ts";
import { until } from "../../test/harness/wait.ts";
import { type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";

const test = suite("A newcomer");
const execute = promisify(execFile);
const dataDir = temporaryDataFolder();
let port = 0;
let yard: Launched;
let partnersWhenReady = 0;
/** Leads so far. */
let sent = 0;

/** How many partners there are at the moment when the gateway says that it is ready. */
function askWhenReady(): Promise<number> {
  return until(
    "the gateway is ready",
    async () => {
      const { statusCode } = await request(`http://127.0.0.1:${port}/readyz`);
      return statusCode === 200 && (await asAdmin<Listed>("/api/partners")).items.length;
    },
    60_000,
  );
}

async function start(simulatorPort: number): Promise<Launched> {
  const env = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}`, LOG_LEVEL: "warn" };
  const launched = startLauncher(dataDir, env, "real");
  assert.ok(await launched.ready, launched.output());
  return launched;
}
test.before(async () => {
  port = await freePort();
  const watching = askWhenReady();
  yard = await start(await freePort());
  partnersWhenReady = await watching;
});
test.after(async () => {
  yard.signal("SIGTERM");
  await yard.exited;
});

interface Listed {
  readonly items: readonly {
    readonly id: string;
    readonly delivery: { readonly type: string; readonly url?: string; readonly smtp_url?: string };
    readonly signed: boolean;
  }[];
}

async function asAdmin<T>(path: string, method: "GET" | "POST" = "GET"): Promise<T> {
  const token = readFileSync(join(dataDir, "secrets", "admin-token"), "utf8");
  const { body } = await request(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  return (await body.json()) as T;
}

function run(script: string): Promise<{ readonly stdout: string }> {
  const env = { ...process.env, DATA_DIR: dataDir, PORT: `${port}` };
  return execute(process.execPath, [join(import.meta.dirname, script)], { env });
}

async function deliveredAfter(curl: string): Promise<void> {
  const { stdout } = await execute("sh", ["-c", curl]);
  const id = /"id":"([^"]+)"/.exec(stdout)?.[1];
  assert.ok(id, stdout);
  await until("the lead is delivered", async () => {
    const { status, partner } = await asAdmin<{ status?: string; partner?: string }>(`/api/leads/${id}`);
    return status === "delivered" && partner === "edu";
  });
}

test("is shown first of all a link by which the first admin comes in, and the admin token", () => {
  const link =
    /is ready after .+\n\n +sign in +http:\/\/127\.0\.0\.1:\d+\/set-up#[\w-]{43}\n +in a browser: /;
  assert.match(yard.output(), link);
  assert.match(yard.output(), /admin token {2}\S+\n/);
});

test("is told ready by the gateway only once the demo partners are there", () => {
  assert.is(partnersWhenReady, 5);
});

test("can ask each process whether it lives, whether it is ready, and for its figures", async () => {
  const processes = readEndpoints(dataDir)?.processes ?? [];
  assert.ok(processes.length >= 3);
  for (const { name, url } of processes) {
    for (const path of ["/livez", "/readyz", "/metrics"]) {
      const { statusCode, body } = await request(`${url}${path}`);
      assert.is(statusCode, 200, `${name}${path}: ${await body.text()}`);
    }
  }
});

test("finds partners of three channels, and rules that lead to them", async () => {
  const { items } = await asAdmin<Listed>("/api/partners");
  assert.equal(
    items.map(({ id, delivery, signed }) => [id, delivery.type, signed]),
    [
      ["edu", "http", true],
      ["fallback", "http", true],
      ["fin", "http", true],
      ["pricing", "email", false],
      ["sales", "slack", false],
    ],
  );
  const { rules } = await asAdmin<{ rules: readonly { id: string }[] }>("/api/rules");
  assert.equal(
    rules.map(({ id }) => id),
    ["assistance-sales", "assistance-pricing", "education", "us-finance", "everything-else"],
  );
});

test("pastes the printed curl and sees the lead delivered", async () => {
  const printed = /^curl -i [\s\S]*?-d '.*'$/m.exec(yard.output())?.[0] ?? "";
  await deliveredAfter(printed);
  sent += 1;
});

test("is given a fresh curl when that one is old", async () => {
  await deliveredAfter((await run("curl.ts")).stdout);
  sent += 1;
});

test("runs the demo and sees that none is lost", async () => {
  const { stdout } = await run("demo.ts");
  assert.match(stdout, /None is lost\./);
  assert.match(stdout, /^all +100 /m);
  assert.match(stdout, /^sales +10 /m);
  assert.match(stdout, /^pricing +10 /m);
  const simulated = readEndpoints(dataDir)?.simulator_url ?? "";
  for (const partner of ["sales", "pricing"]) {
    const { body } = await request(`${simulated}/partners/${partner}/effects`);
    assert.is(((await body.json()) as { effects: number }).effects, 10, partner);
  }
  sent += 100;
});

test("sees every process come back that was killed, and leads delivered again", async () => {
  const processes = readEndpoints(dataDir)?.processes ?? [];
  for (const { name } of processes) {
    process.kill(yard.children()[name] ?? 0, "SIGKILL");
    await until(`${name} is back`, () => yard.output().includes(`${name} is back after`), 20_000);
    await deliveredAfter((await run("curl.ts")).stdout);
    sent += 1;
  }
  const { items } = await asAdmin<Listed>("/api/partners");
  assert.ok(items.every(({ delivery, signed }) => signed === (delivery.type === "http")));
});

test("finds all of it after a second start, also when the simulator has had to move", async () => {
  yard.signal("SIGINT");
  assert.is(await yard.exited, 0, yard.output());
  const moved = await freePort();
  yard = await start(moved);
  assert.match(yard.output(), /pointed edu, fallback, fin, pricing, sales to the simulator's new port/);
  const { items } = await asAdmin<Listed>("/api/partners");
  for (const { id, delivery, signed } of items) {
    if (delivery.type !== "http") continue;
    assert.is(delivery.url, `http://127.0.0.1:${moved}/partners/${id}`);
    assert.ok(signed);
  }
  for (const partner of ["sales", "pricing"]) {
    const tested = await asAdmin<{ outcome: string }>(`/api/partners/${partner}/test`, "POST");
    assert.is(tested.outcome, "success", JSON.stringify(tested));
  }
  const leads = await asAdmin<{ items: readonly unknown[] }>("/api/leads?limit=200");
  assert.is(leads.items.length, sent);
  await deliveredAfter((await run("curl.ts")).stdout);
});

test("is told to start it when nothing runs", async () => {
  yard.signal("SIGTERM");
  await yard.exited;
  const failure = await run("demo.ts").catch((error: { code: number; stderr: string }) => error);
  assert.ok("code" in failure && failure.code === 1);
  assert.match("stderr" in failure ? failure.stderr : "", /Start it in another terminal: npm start/);
});

test.run();
