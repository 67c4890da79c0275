// The launcher with everything embedded, and an application that does as it is told.
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ROLES } from "#platform/config.ts";
import { readEndpoints } from "#platform/endpoints.ts";
import { freePort } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { isGone, type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";

const test = suite("npm start");
const dataDir = temporaryDataFolder();
const started: Launched[] = [];
let port = 0;
test.before(async () => {
  port = await freePort();
});
test.after(async () => {
  for (const { signal } of started) signal("SIGTERM");
  await Promise.all(started.map(({ exited }) => exited));
});

function start(env: Readonly<Record<string, string>> = {}, dir = dataDir): Launched {
  const launched = startLauncher(dir, { PORT: `${port}`, ...env });
  started.push(launched);
  return launched;
}

async function startReady(env: Readonly<Record<string, string>> = {}): Promise<Launched> {
  const launched = start(env);
  assert.ok(await launched.ready, launched.output());
  return launched;
}

async function ask(path = "/"): Promise<{ readonly pid: number; readonly nats: string }> {
  const { body } = await request(`http://127.0.0.1:${port}${path}`);
  return (await body.json()) as { pid: number; nats: string };
}

const ALL = ["NATS", "PostgreSQL", "application", "event store"];
const gone = (pids: readonly number[], withinMs: number) =>
  until("every process is gone", () => pids.every(isGone), withinMs);

test("brings up every part, says where it is, and keeps that for other commands", async () => {
  const yard = await startReady();
  assert.equal(Object.keys(yard.children()).sort(), ALL);
  const endpoints = readEndpoints(dataDir);
  assert.is(endpoints?.pid, yard.pid);
  assert.is(endpoints?.http_url, `http://127.0.0.1:${port}`);
  assert.is((await ask()).nats, endpoints?.nats_url);
  for (const said of ["admin token", "webhook-signature: v1,", String(endpoints?.eventstore_url)])
    assert.match(yard.output(), said);
});

test("refuses a second start on the same folder, and says who has it", async () => {
  const [first] = started;
  const second = start({ ROLES: ROLES.join(",") });
  assert.is(await second.exited, 1);
  assert.match(second.output(), `(process ${first?.pid})`);
  assert.is((await ask()).pid, first?.children().application);
});

test("joins with single roles where the whole yard runs", async () => {
  const joining = start({ ROLES: "gateway", PORT: `${await freePort()}` });
  assert.ok(await joining.ready, joining.output());
  assert.equal(Object.keys(joining.children()), ["application"]);
  joining.signal("SIGTERM");
  assert.is(await joining.exited, 0);
  assert.is(readEndpoints(dataDir)?.pid, started[0]?.pid);
});

for (const part of ALL) {
  test(`is whole again after ${part} was killed`, async () => {
    const [yard] = started;
    const before = yard?.children()[part] ?? 0;
    process.kill(before, "SIGKILL");
    await until(`${part} is back`, () => yard?.output().includes(`${part} is back`), 20_000);
    assert.is.not(yard?.children()[part], before);
    assert.ok((await ask()).pid > 0);
  });
}

test("finishes what was begun when it is stopped, and leaves no process", async () => {
  const [yard] = started;
  const pids = Object.values(yard?.children() ?? {});
  const slow = ask("/slow");
  slow.catch(() => {});
  await ask();
  // As npm does: one Ctrl-C arrives twice.
  yard?.signal("SIGINT");
  yard?.signal("SIGINT");
  assert.ok((await slow).pid > 0);
  assert.is(await yard?.exited, 0, yard?.output());
  await gone(pids, 5_000);
  assert.is(readEndpoints(dataDir), undefined);
});

test("leaves nothing running when it is killed outright, and starts again at once", async () => {
  const killed = await startReady();
  const pids = Object.values(killed.children());
  killed.signal("SIGKILL");
  await killed.exited;
  const next = await startReady();
  await gone(pids, 100);
  next.signal("SIGKILL");
  await gone(Object.values(next.children()), 10_000);
});

test("ends at once on a second Ctrl-C", async () => {
  const yard = await startReady();
  const pids = Object.values(yard.children());
  const slow = ask("/slow").catch(() => undefined);
  await ask();
  yard.signal("SIGINT");
  await until("it is stopping", () => yard.output().includes("Stopping"));
  const again = setInterval(() => yard.signal("SIGINT"), 100);
  assert.is(await yard.exited, 130);
  clearInterval(again);
  assert.is(await slow, undefined);
  await gone(pids, 5_000);
});

test("names the port that is taken, and the variable that changes it", async () => {
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  const yard = start();
  assert.is(await yard.exited, 1);
  assert.match(yard.output(), new RegExp(`Port ${port} .*PORT=${port + 1} npm start`));
  other.close();
});

test("ends with the words of an application that does not start", async () => {
  const yard = start({ DIES: "at once" });
  assert.is(await yard.exited, 1);
  assert.match(yard.output(), /application ended \(code 3\) before it was ready/);
  assert.match(yard.output(), /no wish to live/);
});

test("gives up, and says so, when the application can't stay up", async () => {
  const yard = start({ DIES: "when ready" });
  assert.is(await yard.exited, 1);
  assert.match(yard.output(), /application ended \d+ times in a row/);
});

test("does not touch the folder of another version", async () => {
  const dir = temporaryDataFolder();
  writeFileSync(join(dir, "version.json"), '{"layout":99}');
  const yard = start({}, dir);
  assert.is(await yard.exited, 1);
  assert.match(yard.output(), /another version of Switchyard: its layout is 99/);
  assert.not.ok(existsSync(join(dir, "postgres")));
  assert.is(readFileSync(join(dir, "version.json"), "utf8"), '{"layout":99}');
});

test("names the binary that is missing and every variable that is wrong", async () => {
  const yard = start({ NATS_SERVER: "/nowhere/nats-server" });
  assert.is(await yard.exited, 1);
  assert.match(yard.output(), /NATS_SERVER=\/nowhere\/nats-server is no program/);
  const wrong = start({ PORT: "http", LOG_LEVEL: "loud" });
  assert.is(await wrong.exited, 1);
  assert.match(wrong.output(), /PORT is "http"/);
  assert.match(wrong.output(), /LOG_LEVEL is "loud"/);
});

test.run();
