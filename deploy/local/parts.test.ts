// The small parts of the launcher, each alone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Environment, ROLES, type Role, readConfig } from "#platform/config.ts";
import { freePort } from "#platform/free-port.ts";
import { newSecret, parseSecret, verify } from "#platform/webhooks.ts";
import { openLogFile } from "./children/log-file.ts";
import { errorIn, warningIn } from "./children/log-lines.ts";
import { endProcess, identityOf, isAlive } from "./children/process-identity.ts";
import { InUse, openDataFolder } from "./data-folder.ts";
import { demandPort, firstFreePort, ownPort } from "./ports.ts";
import { Problem } from "./problem.ts";
import { chooseAddresses } from "./processes/addresses.ts";
import { roleProcessCommand } from "./processes/role-process.ts";
import { spread } from "./processes/spread.ts";
import { signedCurl } from "./welcome/signed-curl.ts";

const test = suite("The launcher's parts");
const dir = mkdtempSync(join(tmpdir(), "launcher-"));
test.after(() => rmSync(dir, { recursive: true, force: true }));

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test("a port that is used is passed over when it was only preferred, and refused when it was asked for", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  assert.is.not(await firstFreePort(port), port);
  assert.instance(await failure(demandPort("PORT", "127.0.0.1", port)), Problem);
  server.close();
  await once(server, "close");
  assert.is(await firstFreePort(undefined, port), port);
  assert.is(await demandPort("PORT", "127.0.0.1", port), port);
  assert.match(String(await failure(demandPort("PORT", "192.0.2.1", port))), "HOST=192.0.2.1");
});

test("a part's usual port is given once, also before anything listens there", async () => {
  const usual = await unusedPort();
  assert.is(await ownPort(usual), usual);
  assert.is.not(await ownPort(usual), usual);
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

test("a line of a log is put into words: a warning for the terminal, an error for why a process ended", () => {
  const line = (level: number) =>
    JSON.stringify({ level, role: "relay", msg: "late", err: { message: "why" } });
  assert.equal([30, 40, 50].map(line).map(warningIn), [undefined, "relay: late: why", "relay: late: why"]);
  assert.equal([30, 40, 50].map(line).map(errorIn), [undefined, undefined, "relay: late: why"]);
  for (const odd of ["{ not JSON", '{"level":"loud"}', "", "plain"])
    assert.equal([warningIn(odd), errorIn(odd)], [undefined, undefined]);
  const errors = [
    "TypeError: x is not a function",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "2026-01-01 00:00:00.000 UTC [7] FATAL:  lock file is empty",
    "[7] 2026/01/01 00:00:00.000000 [FTL] can't start JetStream",
  ];
  assert.equal(errors.map(errorIn), errors);
});

test("a process is given its own configuration, what Node needs, and nothing else of the shell", () => {
  const shell = { PATH: "/bin", TZ: "UTC", HTTPS_PROXY: "http://proxy", AWS_SECRET_ACCESS_KEY: "hush" };
  const yard = { ADMIN_TOKEN: "token", MASTER_KEY: "key", DATABASE_URL: "postgres://x", PORT: "8080" };
  const env = {
    ...shell,
    ...yard,
    NODE_OPTIONS: "--max-old-space-size=512",
    ROLES: "relay,leads",
  };
  const given = { env, address: { host: "127.0.0.1", port: 1 }, drainMs: 0, instance: "one" };
  const envOf = (name: string, ...roles: Role[]) => roleProcessCommand({ ...given, name, roles }).env;
  const { NODE_COMPILE_CACHE, SWITCHYARD_PARENT, ...simulator } = envOf("simulator", "simulator");
  assert.ok(NODE_COMPILE_CACHE);
  assert.is(SWITCHYARD_PARENT, `${process.pid}`);
  assert.equal(simulator, {
    PATH: "/bin",
    TZ: "UTC",
    NODE_OPTIONS: "--max-old-space-size=512",
    MALLOC_MMAP_THRESHOLD_: "131072",
    MALLOC_TRIM_THRESHOLD_: "131072",
    ROLES: "simulator",
    HOST: "127.0.0.1",
    PORT: "1",
    INSTANCE: "one-simulator",
  });
  const worker = envOf("worker", "relay", "leads");
  assert.is(worker.ROLES, "relay,leads");
  assert.is(worker.MASTER_KEY, "key");
  assert.is(worker.INSTANCE, "one-worker");
  assert.not.ok("ADMIN_TOKEN" in worker);
  assert.is(envOf("gateway", "gateway").ADMIN_TOKEN, "token");
});

test("a process gets no more helpers of the engine than there are other cores, and room for what lives shortly", () => {
  const given = { env: {}, address: { host: "127.0.0.1", port: 1 }, drainMs: 0, instance: "one" };
  const { args } = roleProcessCommand({ ...given, name: "relay", roles: ["relay"] });
  const helpers = args.map((arg) => /^--v8-pool-size=(\d)$/.exec(arg)?.[1]).find((one) => one !== undefined);
  assert.is(Number(helpers), Math.min(4, Math.max(1, availableParallelism() - 1)));
  assert.ok(args.includes("--max-semi-space-size=128"));
});

test("a process that is started again learns how often and why, in words that an environment takes", () => {
  const given = { env: {}, address: { host: "127.0.0.1", port: 1 }, drainMs: 0, instance: "one" };
  const { envAfter } = roleProcessCommand({ ...given, name: "relay", roles: ["relay"] });
  assert.equal(envAfter?.({ reason: "ended with code 1: a\u0000b of ada@example.org", restarts: 2 }), {
    SWITCHYARD_RESTARTS: "3",
    SWITCHYARD_LAST_END: "ended with code 1: a b of [e-mail]",
  });
});

test("addresses: the gateway's is the one that was asked for, all others are free ones on loopback", async () => {
  const config = readConfig({ HOST: "0.0.0.0", DATA_DIR: dir });
  const [gatewayPort, simulatorPort] = [await freePort(), await freePort()];
  const env = { PORT: `${gatewayPort}`, SIMULATOR_PORT: `${simulatorPort}` };
  const given = { ...config, ...readConfig({ ...env, HOST: "0.0.0.0" }) };
  const all = await chooseAddresses(spread(ROLES, 2), given, env, undefined);
  assert.equal(all.of("gateway"), { host: "0.0.0.0", port: gatewayPort });
  assert.equal(all.gateway, all.of("gateway"));
  assert.is(all.simulatorPort, simulatorPort);
  const others = [all.of("worker"), all.of("simulator")];
  assert.equal(
    others.map(({ host }) => host),
    ["127.0.0.1", "127.0.0.1"],
  );
  assert.is(new Set([gatewayPort, simulatorPort, ...others.map(({ port }) => port)]).size, 4);
  // Without a gateway the port is an operator's to give; its own stays free.
  const relay = spread(["relay"], 2);
  assert.is((await chooseAddresses(relay, given, env, undefined)).of("relay").port, gatewayPort);
  const unasked = await chooseAddresses(relay, given, {}, undefined);
  assert.is.not(unasked.of("relay").port, gatewayPort);
  assert.is(unasked.gateway.port, gatewayPort);
});

test("addresses: the simulator takes another port where the one it was asked for is taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const portFor = async (env: Environment): Promise<number> =>
    (await chooseAddresses(spread(ROLES, 2), readConfig({ DATA_DIR: dir, ...env }), env, undefined))
      .simulatorPort;
  const asked = { SIMULATOR_PORT: `${port}` };
  assert.is.not(await portFor(asked), port);
  writeFileSync(join(dir, "simulator.url"), `http://127.0.0.1:${port}\n`);
  assert.is.not(await portFor({}), port);
  server.close();
  await once(server, "close");
  assert.is(await portFor(asked), port);
  assert.is(await portFor({}), port);
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
