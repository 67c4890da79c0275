// A backup of a yard that runs under traffic, restored elsewhere: every read model is what the original's log makes of it, whoever was
// forgotten stays forgotten, and the restored yard works.
import { randomBytes, randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase } from "#platform/database.ts";
import { type Endpoints, readEndpoints } from "#platform/endpoints.ts";
import { freePort } from "#platform/free-port.ts";
import { keptMasterKey, masterKeyFile } from "#platform/kept-master-key.ts";
import { createLog } from "#platform/log.ts";
import { createClient, type YardClient } from "../../test/e2e/client.ts";
import { temporaryFolder } from "../../test/eventstore/server.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { differences, replayed, rowsAt } from "../../test/harness/read-models.ts";
import { until } from "../../test/harness/wait.ts";
import { runCommand, startCommand } from "./fixtures/command.ts";
import { type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";

const test = suite("backup and restore");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const original = temporaryDataFolder();
const restored = temporaryDataFolder();
const backups = temporaryFolder("backups-");
const whole = join(backups, "whole");
const later = join(backups, "forgotten.txt");
const postgres = await startPostgres();
const running = new Set<Launched>();
let head = 0n;
/** An API token of the original yard. */
let apiToken = "";
/** The lead and the person of somebody who is forgotten after the backup, and of somebody who is not. */
const people = { forgotten: { id: "", person: "" }, kept: { id: "", person: "" } };

test.after(async () => {
  await Promise.all([...running].map(stop));
  await postgres.stop();
});

async function start(dataDir: string, env: Readonly<Record<string, string>> = {}) {
  const ports = { PORT: `${await freePort()}`, SIMULATOR_PORT: `${await freePort()}` };
  const yard = startLauncher(dataDir, { ...ports, ...env }, "real");
  running.add(yard);
  assert.ok(await yard.ready, yard.output());
  const endpoints = readEndpoints(dataDir) as Endpoints;
  const secret = (name: string): string => readFileSync(join(dataDir, "secrets", name), "utf8").trim();
  const client = createClient({
    url: endpoints.http_url,
    token: secret("admin-token"),
    source: "demo",
    secret: secret("demo-source-secret"),
  });
  return { yard, endpoints, client };
}

async function stop(yard: Launched): Promise<void> {
  running.delete(yard);
  yard.signal("SIGTERM");
  await yard.exited;
}

async function delivered(client: YardClient) {
  const email = `${randomUUID()}@example.com`;
  const id = await client.submitUntilAccepted({ email, full_name: `Ada ${email}`, interest: "Education" });
  const lead = await client.ended(id);
  assert.is(lead.status, "delivered");
  assert.is(lead.payload.email, email);
  return { id, person: lead.person_id ?? "", email };
}

const backup = (...args: string[]) => runCommand("backup", args, { DATA_DIR: original });
const restore = (dir: string, env: Record<string, string>, ...args: string[]) =>
  runCommand("restore", [dir, ...args], { DATA_DIR: restored, ...env });
const theKey = { MASTER_KEY_FILE: masterKeyFile(original) };

test("is made while submissions come in, is refused for half ones, and lists who was forgotten since", async () => {
  const { yard, client, endpoints } = await start(original);
  people.forgotten = await delivered(client);
  people.kept = await delivered(client);
  const token = await client.admin<{ token: string }>("POST", "/api/tokens", { name: "crm", role: "viewer" });
  assert.is(token.status, 201);
  apiToken = token.body.token;
  const draft = await client.admin("PUT", "/api/rules/draft", { base_version: 0, rules: [] });
  assert.is(draft.status, 200);
  let submitting = true;
  const traffic = (async () => {
    while (submitting) await Promise.all([1, 2, 3, 4].map(() => delivered(client)));
  })();
  const killed = startCommand("backup", [join(backups, "half")], { DATA_DIR: original });
  assert.ok(await killed.said(/Copying the event log/), killed.output());
  killed.kill();
  await killed.exited;
  const made = await backup(whole).finally(() => {
    submitting = false;
  });
  await traffic;
  assert.is(made.code, 0, made.output);
  assert.match(made.output, /The master key \S+ is left out/);
  assert.match(made.output, /\nDATA_DIR=<[^>]+> MASTER_KEY_FILE=<[^>]+> npm run restore -- \S+whole\n/);
  assert.not.match(
    readdirSync(whole)
      .map((name) => readFileSync(join(whole, name), "latin1"))
      .join("\n"),
    keptMasterKey(original).toString("base64"),
  );
  head = BigInt(JSON.parse(readFileSync(join(whole, "manifest.json"), "utf8")).log.head);

  const again = await backup(whole);
  assert.match(again.output, "is not empty");
  const half = await restore(join(backups, "half"), theKey);
  assert.is(half.code, 1);
  assert.match(half.output, "is not a whole backup");

  const gone = await client.admin("DELETE", `/api/identities/${people.forgotten.person}`, {});
  assert.is(gone.status, 200);
  const list = await backup("--forgotten", later);
  assert.is(list.code, 0, list.output);
  assert.match(readFileSync(later, "utf8"), `person-${people.forgotten.person}`);
  assert.ok(endpoints.pid === yard.pid);
});

test("is refused without its master key, into a folder that is used, and when a byte of it was changed", async () => {
  const refusals: readonly [string, Record<string, string>, string | RegExp][] = [
    [whole, {}, /needs the master key [\w-]{12}, and none is known here/],
    [whole, { MASTER_KEY: randomBytes(32).toString("base64") }, /and only [\w-]{12} is known here/],
    [whole, { DATA_DIR: original, ...theKey }, /is not empty: it has/],
    [backups, theKey, "is not a whole backup"],
  ];
  for (const file of ["events.db", "keys.ndjson"]) {
    const damaged = join(backups, `damaged-${file}`);
    cpSync(whole, damaged, { recursive: true });
    const bytes = readFileSync(join(damaged, file));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(damaged, file), bytes);
    const { code, output } = await restore(damaged, theKey);
    assert.is(code, 1, output);
    assert.match(output, `${file} is not as it was written`);
  }
  const newer = join(backups, "newer");
  mkdirSync(newer);
  writeFileSync(join(newer, "manifest.json"), JSON.stringify({ format: 2 }));
  for (const [dir, env, words] of [...refusals, [newer, theKey, "has format 2"] as const]) {
    const { code, output } = await restore(dir, env);
    assert.is(code, 1, output);
    assert.match(output, words);
    assert.not.match(output, /\n {4}at /);
  }
  assert.equal(readdirSync(restored), [], "nothing was written");
});

test("killed while it restores, it is no yard that starts, and ends when it is run again", async () => {
  const killed = startCommand("restore", [whole, "--forgotten", later], { DATA_DIR: restored, ...theKey });
  await until("the restore has begun", () => existsSync(join(restored, "restoring.json")));
  killed.kill();
  await killed.exited;
  const refused = startLauncher(restored, { PORT: `${await freePort()}`, ...theKey }, "real");
  assert.is(await refused.exited, 1);
  assert.match(refused.output(), "Run the same restore again");

  const { code, output } = await restore(whole, theKey, "--forgotten", later);
  assert.is(code, 0, output);
  assert.match(
    output,
    `Start with:\nDATA_DIR=${restored} MASTER_KEY_FILE=${masterKeyFile(original)} npm start\n`,
  );
  assert.match((await restore(whole, theKey)).output, "is not empty");
});

test("is started by no other master key than its own, and none is made beside it", async () => {
  const keyless = startLauncher(restored, { PORT: `${await freePort()}`, SIMULATOR_PORT: "0" }, "real");
  assert.is(await keyless.exited, 1, keyless.output());
  assert.match(
    keyless.output(),
    /wrapped under the master key with the id [\w-]{12}, and none is known here/,
  );
  assert.not.ok(existsSync(masterKeyFile(restored)));
});

test("goes into a database of its own choice, and into none that is used", async () => {
  const DATABASE_URL = await postgres.createDatabase("chosen");
  const into = (DATA_DIR: string) => restore(whole, { ...theKey, DATABASE_URL, DATA_DIR });
  const { code, output } = await into(temporaryDataFolder());
  assert.is(code, 0, output);
  const folder = temporaryDataFolder();
  // Also when it is tried again, which goes on with what the first try has begun.
  for (const refused of [await into(folder), await into(folder)]) {
    assert.is(refused.code, 1, refused.output);
    assert.match(refused.output, "The database is not empty");
  }
});

test("interrupted, it goes on in the database that it has begun to fill, and in no other that is used", async () => {
  const into = {
    ...theKey,
    DATA_DIR: temporaryDataFolder(),
    DATABASE_URL: await postgres.createDatabase("begun"),
  };
  const killed = startCommand("restore", [whole], into);
  const vaultIsThere = "select to_regclass('vault.keys') is not null as is_there";
  const database = connectDatabase({ url: into.DATABASE_URL, log });
  await until(
    "keys are written",
    async () => (await database.query<{ is_there: boolean }>(vaultIsThere))[0]?.is_there,
  );
  await database.close();
  killed.kill();
  await killed.exited;
  const used = await postgres.createDatabase("used");
  const other = await restore(whole, { ...theKey, DATABASE_URL: used, DATA_DIR: temporaryDataFolder() });
  assert.is(other.code, 0, other.output);
  const elsewhere = await restore(whole, { ...into, DATABASE_URL: used });
  assert.is(elsewhere.code, 1, elsewhere.output);
  assert.match(elsewhere.output, "The database is not empty");
  const { code, output } = await restore(whole, into);
  assert.is(code, 0, output);
});

test("has every read model as a replay of the original's log makes it", async () => {
  const { yard, endpoints } = await start(restored, { ROLES: "projections", ...theKey });
  const found = await until("the read models are built", () => rowsAt(endpoints.database_url, head, log));
  const source = readEndpoints(original) as Endpoints;
  const wanted = await replayed({
    eventStoreUrl: source.eventstore_url,
    databaseUrl: source.database_url,
    masterKey: keptMasterKey(original),
    into: postgres.url,
    head,
    log,
  });
  assert.ok((wanted["leads.lead_state"]?.length ?? 0) >= 2);
  assert.equal(differences(found, wanted), []);
  await stop(yard);
});

test("works, and whoever was forgotten since stays forgotten", async () => {
  await Promise.all([...running].map(stop));
  const { client, endpoints } = await start(restored, theKey);
  assert.ok((await client.lead(people.kept.id)).payload.email);
  const byToken = await fetch(`${endpoints.http_url}/api/me`, {
    headers: { authorization: `Bearer ${apiToken}` },
  });
  assert.is(byToken.status, 200, "who had a token has it still");
  const kept = await client.admin<{ draft: { base: object; rules: unknown[] } }>("GET", "/api/rules/draft");
  assert.equal([kept.body.draft.base, kept.body.draft.rules], [{ version: 0, rules: [] }, []]);
  await until("the log says that the person is forgotten", async () => {
    const { body } = await client.admin<{ forgotten_at?: string }>(
      "GET",
      `/api/identities/${people.forgotten.person}`,
    );
    return body.forgotten_at !== undefined;
  });
  assert.is((await client.lead(people.forgotten.id)).payload?.email, undefined);
  const fresh = await delivered(client);
  assert.ok(fresh.id);
});

test.run();
