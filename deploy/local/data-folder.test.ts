// What others may have left in a data folder, such as a full disk or a copy that was cut short: none of it blocks a start.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "#platform/config.ts";
import { resolveSecrets } from "#platform/connections.ts";
import { writeEndpoints } from "#platform/endpoints.ts";
import { someEndpoints } from "#platform/fixtures/endpoints.ts";
import { parseSecret } from "#platform/webhooks.ts";
import { identityOf } from "./children/process-identity.ts";
import { openDataFolder } from "./data-folder.ts";
import { temporaryDataFolder } from "./fixtures/launched.ts";
import { keptCertificate } from "./parts/certificate.ts";
import { findPostgresHome } from "./parts/postgres-home.ts";
import { Problem } from "./problem.ts";
import { chooseAddresses } from "./processes/addresses.ts";
import { spread } from "./processes/spread.ts";
import { runningEndpoints } from "./running.ts";

const test = suite("a data folder in an odd state");

function folderWith(files: Readonly<Record<string, string>>): string {
  const dir = temporaryDataFolder();
  mkdirSync(join(dir, "secrets"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

test("a secret that is blank is made anew", () => {
  const dir = folderWith({ "secrets/admin-token": "", "secrets/demo-source-secret": "\n" });
  const folder = openDataFolder(dir);
  const { adminToken, sources } = resolveSecrets(readConfig({ DATA_DIR: dir }));
  assert.match(adminToken, /^\S{16,}$/);
  assert.is(parseSecret(sources[0]?.secret ?? "").length, 32);
  folder.close();
});

test("a master key that is blank is not replaced, since what it opened stays closed to any other", () => {
  const dir = folderWith({ "secrets/master-key": "" });
  openDataFolder(dir).close();
  assert.throws(() => resolveSecrets(readConfig({ DATA_DIR: dir })).masterKey, /is not 32 bytes in base64/);
});

test("one that can't be written is told in words, and is free again", () => {
  const dir = folderWith({});
  mkdirSync(join(dir, "launcher.pid"));
  const isTold = (error: Error): boolean =>
    error instanceof Problem && error.message.startsWith(`DATA_DIR ${dir} can't be used: E`);
  assert.throws(() => openDataFolder(dir), isTold);
  rmdirSync(join(dir, "launcher.pid"));
  openDataFolder(dir).close();
});

test("a certificate whose key is gone is made anew with it", async () => {
  const dir = folderWith({ "secrets/eventstore.crt": "of another key", "secrets/eventstore.key": "" });
  openDataFolder(dir).close();
  const { cert, key } = await keptCertificate(dir);
  assert.match(readFileSync(cert, "utf8"), "BEGIN CERTIFICATE");
  assert.match(readFileSync(key, "utf8"), "BEGIN PRIVATE KEY");
});

for (const text of ["", "\n", "no address"])
  test(`where the simulator was is not known from ${JSON.stringify(text)}`, async () => {
    const env = { DATA_DIR: folderWith({ "simulator.url": text }), PORT: "0" };
    const config = readConfig(env);
    const addresses = await chooseAddresses(spread(config.roles, 2), config, env, undefined);
    assert.ok(addresses.simulatorPort > 0);
  });

test("a yard that was killed does not run because another process has its number by now", () => {
  const dir = temporaryDataFolder();
  const endpoints = { ...someEndpoints, pid: process.pid };
  const identity = identityOf(process.pid) ?? "";
  writeEndpoints(dir, { ...endpoints, identity });
  assert.is(runningEndpoints(dir)?.pid, process.pid);
  writeEndpoints(dir, { ...endpoints, identity: "of a boot before" });
  assert.is(runningEndpoints(dir), undefined);
});

test("PostgreSQL's data are below it where the place that is kept is blank", () => {
  const dir = folderWith({ "postgres.path": "\n" });
  const home = findPostgresHome(dir, process.env, () => undefined);
  assert.is(home.data, join(dir, "postgres"));
});

test.run();
