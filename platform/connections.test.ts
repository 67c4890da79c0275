import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ConfigError, readConfig } from "./config.ts";
import { resolveConnections, resolveSecrets } from "./connections.ts";
import { readEndpoints, writeEndpoints } from "./endpoints.ts";
import { someEndpoints } from "./fixtures/endpoints.ts";

const connections = suite("connections");
const dataDir = mkdtempSync(join(tmpdir(), "connections-"));
const endpoints = someEndpoints;

connections.after(() => rmSync(dataDir, { recursive: true }));

connections("says what to do when nothing is configured and nothing runs", () => {
  const empty = readConfig({ DATA_DIR: join(dataDir, "empty") });
  assert.throws(
    () => resolveConnections(empty),
    (error: unknown) =>
      error instanceof ConfigError && error.problems.length === 3 && error.message.includes('"npm start"'),
  );
});

connections("finds the running system, unless an address is configured", () => {
  writeEndpoints(dataDir, endpoints);
  assert.equal(readEndpoints(dataDir), endpoints);
  const resolved = resolveConnections(readConfig({ DATA_DIR: dataDir, NATS_URL: "nats://other:4222" }));
  assert.is(resolved.natsUrl, "nats://other:4222");
  assert.is(resolved.eventstoreUrl, endpoints.eventstore_url);
  assert.is(resolved.databaseUrl, endpoints.database_url);
});

connections("takes a file that is not ours for none", () => {
  const other = mkdtempSync(join(tmpdir(), "endpoints-"));
  writeFileSync(join(other, "endpoints.json"), "{");
  assert.is(readEndpoints(other), undefined);
  rmSync(other, { recursive: true });
});

connections("keeps generated secrets, readable by the owner alone", () => {
  const config = readConfig({ DATA_DIR: dataDir });
  const first = resolveSecrets(config);
  assert.equal(resolveSecrets(config), first);
  assert.is(first.masterKey.length, 32);
  assert.match(first.sources[0]?.secret ?? "", /^whsec_/);
  const path = join(dataDir, "secrets", "admin-token");
  assert.is(readFileSync(path, "utf8"), first.adminToken);
  assert.is(statSync(path).mode & 0o777, 0o600);
});

connections("makes no secret that is not asked for", () => {
  const lazy = join(dataDir, "lazy");
  const urls = { NATS_URL: "nats://n", EVENTSTORE_URL: "esdb://e", DATABASE_URL: "postgres://d" };
  const resolved = resolveConnections(readConfig({ DATA_DIR: lazy, ...urls }));
  assert.not.ok(existsSync(lazy));
  assert.is(resolved.masterKey, resolved.masterKey);
  assert.equal(readdirSync(join(lazy, "secrets")), ["master-key"]);
  const { adminToken, sources } = resolved;
  assert.equal([resolved.adminToken, resolved.sources], [adminToken, sources]);
});

connections("agrees with every process that starts at the same moment", async () => {
  const fresh = join(dataDir, "race");
  const script = `
    import { workerData, parentPort } from "node:worker_threads";
    const { keptOrMade } = await import(workerData.module);
    const { randomUUID } = await import("node:crypto");
    parentPort.postMessage("ready");
    Atomics.wait(new Int32Array(workerData.gate), 0, 0);
    parentPort.postMessage(keptOrMade(workerData.path, randomUUID));
  `;
  const gate = new SharedArrayBuffer(4);
  const module = new URL("./kept-file.ts", import.meta.url).href;
  const workerData = { gate, module, path: join(fresh, "one") };
  const source = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const workers = Array.from({ length: 6 }, () => new Worker(source, { workerData }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const answers = workers.map((worker) => once(worker, "message"));
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  assert.is(new Set((await Promise.all(answers)).flat()).size, 1);
});

connections.run();
