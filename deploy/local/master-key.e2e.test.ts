// The master key of an embedded yard is replaced while it runs, and while it does not.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { keptMasterKeys } from "#platform/kept-master-key.ts";
import { createClient, type YardClient } from "../../test/e2e/client.ts";
import { until } from "../../test/harness/wait.ts";
import { isGone, type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";
import { masterKey, startMasterKey } from "./fixtures/master-key-command.ts";

const test = suite("the master key of an embedded yard");
const dataDir = temporaryDataFolder();
const env = { DATA_DIR: dataDir };
let yard: Launched;
let client: YardClient;
let port = 0;
/** E-mail addresses by the lead. */
const people = new Map<string, string>();

test.before(async () => {
  port = await freePort();
});
test.after(async () => {
  yard?.signal("SIGTERM");
  await yard?.exited;
});

const secret = (name: string): string => readFileSync(join(dataDir, "secrets", name), "utf8").trim();

async function start(): Promise<void> {
  yard = startLauncher(dataDir, { PORT: `${port}` }, "real");
  assert.ok(await yard.ready, yard.output());
  client = createClient({
    url: `http://127.0.0.1:${port}`,
    token: secret("admin-token"),
    source: "demo",
    secret: secret("demo-source-secret"),
  });
}

async function stop(): Promise<void> {
  yard.signal("SIGTERM");
  assert.is(await yard.exited, 0, yard.output());
}

async function rotated(): Promise<void> {
  const replaced = keptMasterKeys(dataDir).at(-1);
  const { code, output } = await masterKey("rotate", env);
  assert.is(code, 0, output);
  const [after, ...others] = keptMasterKeys(dataDir);
  assert.equal(others, []);
  assert.ok(replaced && after && !after.equals(replaced));
  assert.match((await masterKey("status", env)).output, /Every key is wrapped under [\w-]{12}: no other/);
}

/** Everybody so far can still be read. */
async function readsAll(): Promise<void> {
  for (const [id, email] of people) assert.is((await client.lead(id)).payload.email, email);
}

/** Somebody new, for whom a key has to be made. */
async function submits(): Promise<void> {
  const email = `${randomUUID()}@example.com`;
  const id = await client.submitUntilAccepted({ email, full_name: `Ada ${email}`, interest: "Education" });
  people.set(id, email);
  assert.is((await client.ended(id)).status, "delivered");
}

test("can be replaced while it runs: submissions go on in the same processes, and old ones stay readable", async () => {
  await start();
  await submits();
  const children = yard.children();
  let running = true;
  const submitting = (async () => {
    while (running) await submits();
  })();
  await rotated();
  await rotated();
  running = false;
  await submitting;
  await submits();
  await readsAll();
  assert.equal(yard.children(), children);
  assert.equal((await client.admin("GET", "/api/dlq")).body.items ?? [], []);
});

test("is still the right one after the next start", async () => {
  await stop();
  await start();
  await readsAll();
  await submits();
  await stop();
});

test("can be replaced while nothing runs, also by a second run when the first was killed", async () => {
  const killed = startMasterKey("rotate", env);
  assert.ok(await killed.said(/PostgreSQL alone is started/), killed.output());
  await until("the next key is made", () => keptMasterKeys(dataDir).length === 2);
  killed.kill();
  await killed.exited;
  await rotated();
  await start();
  await readsAll();
  await submits();
});

test("leaves no process of its own behind", async () => {
  const pids = Object.values(yard.children());
  await stop();
  await until("every process is gone", () => pids.every(isGone));
  const { code, output } = await masterKey("status", env);
  assert.is(code, 0, output);
});

test.run();
