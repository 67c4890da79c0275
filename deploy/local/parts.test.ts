// The small parts of the launcher, each alone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, verify } from "#platform/webhooks.ts";
import { openLogFile } from "./children/log-file.ts";
import { endProcess, identityOf, isAlive } from "./children/process-identity.ts";
import { InUse, openDataFolder } from "./data-folder.ts";
import { applicationCommand } from "./parts/application.ts";
import { demandPort, freePort } from "./ports.ts";
import { Problem } from "./problem.ts";
import { signedCurl } from "./welcome/signed-curl.ts";

const test = suite("The launcher's parts");
const dir = mkdtempSync(join(tmpdir(), "launcher-"));
test.after(() => rmSync(dir, { recursive: true, force: true }));

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test("a port that is used is passed over when it was only preferred, and refused when it was asked for", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  assert.is.not(await freePort(port), port);
  assert.instance(await failure(demandPort("PORT", "127.0.0.1", port)), Problem);
  server.close();
  await once(server, "close");
  assert.is(await freePort(undefined, port), port);
  assert.is(await demandPort("PORT", "127.0.0.1", port), port);
  assert.match(String(await failure(demandPort("PORT", "192.0.2.1", port))), "HOST=192.0.2.1");
});

test("a data folder has one owner at a time, and says who", () => {
  const folder = openDataFolder(dir);
  try {
    openDataFolder(dir);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, InUse);
    assert.match(String(error), `process ${process.pid}`);
  }
  folder.close();
  openDataFolder(dir).close();
});

test("a data folder that can't be one is named", () => {
  const file = join(dir, "file");
  writeFileSync(file, "");
  assert.throws(
    () => openDataFolder(file),
    (error: Error) => error.message.includes(file),
  );
});

test("a process is told from a later one with its number, and ended only if it is the same", async () => {
  const child = spawn("sleep", ["60"]);
  const pid = child.pid ?? 0;
  const identity = identityOf(pid) ?? "";
  assert.ok(isAlive({ pid, identity }));
  await endProcess({ pid, identity: "another" }, "SIGKILL", 10);
  assert.ok(isAlive({ pid, identity }));
  await endProcess({ pid, identity }, "SIGTERM", 5_000);
  assert.is(identityOf(pid), undefined);
});

test("a process that does not want to end is made to", async () => {
  const child = spawn("sh", ["-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  await endProcess({ pid, identity: identityOf(pid) ?? "" }, "SIGTERM", 100);
  assert.is(identityOf(pid), undefined);
});

test("a log is read by whole lines, from where it stood", () => {
  const path = join(dir, "logs", "part.log");
  const before = openLogFile(path);
  writeFileSync(before.descriptor, "old\n");
  before.close();
  const log = openLogFile(path);
  assert.equal(log.newLines(), []);
  writeFileSync(log.descriptor, "one\ntw");
  assert.equal(log.newLines(), ["one"]);
  writeFileSync(log.descriptor, "o\n");
  assert.equal(log.newLines(), ["two"]);
  log.close();
});

test("warnings of the application reach the terminal, and nothing else does", () => {
  const { remark } = applicationCommand({ script: "", env: {}, drainMs: 0, onRestarted: async () => {} });
  const line = (level: number) =>
    JSON.stringify({ level, role: "relay", msg: "late", err: { message: "why" } });
  assert.is(remark?.(line(30)), undefined);
  assert.is(remark?.(line(40)), "relay: late: why");
  assert.is(remark?.("{ not JSON"), undefined);
});

test("the printed curl is signed for what it sends", () => {
  const secret = newSecret();
  const curl = signedCurl("http://127.0.0.1:8080", { id: "demo", secret });
  const headers = Object.fromEntries(
    [...curl.matchAll(/-H '([^:]+): ([^']*)'/g)].map(([, name, value]) => [name, value]),
  );
  const body = /-d '(.*)'/.exec(curl)?.[1] ?? "";
  assert.ok(verify([parseSecret(secret)], headers, body, Date.now()).verified);
});

test.run();
