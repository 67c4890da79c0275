// The launcher with everything embedded, and processes that do as they are told in place of the services.
import { once } from "node:events";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { availableParallelism, getPriority } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ROLES } from "#platform/config.ts";
import { readEndpoints } from "#platform/endpoints.ts";
import { freePort } from "#platform/free-port.ts";
import { until } from "../../test/harness/wait.ts";
import { isGone, type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";
import { spread } from "./processes/spread.ts";

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

type Services = Parameters<typeof startLauncher>[2];

function start(
  env: Readonly<Record<string, string>> = {},
  { dir = dataDir, services = "application" }: { readonly dir?: string; readonly services?: Services } = {},
): Launched {
  const launched = startLauncher(dir, { PORT: `${port}`, ...env }, services);
  started.push(launched);
  return launched;
}

async function startReady(env: Readonly<Record<string, string>> = {}): Promise<Launched> {
  const launched = start(env);
  assert.ok(await launched.ready, launched.output());
  return launched;
}

interface Answer {
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
}

async function ask(path = "/", url = `http://127.0.0.1:${port}`): Promise<Answer> {
  const { body } = await request(`${url}${path}`);
  return (await body.json()) as Answer;
}

const PROCESSES = spread(ROLES, availableParallelism()).map(({ name }) => name);
const ALL = ["NATS", "PostgreSQL", "event store", ...PROCESSES].sort();
const others = (...names: string[]): string[] => PROCESSES.filter((name) => !names.includes(name)).sort();
/** What stands in the shell of whoever starts it. */
const SHELL = {
  TZ: "UTC",
  ADMIN_TOKEN: "token-of-the-launcher-test",
  MASTER_KEY: Buffer.alloc(32, 9).toString("base64"),
  AWS_SECRET_ACCESS_KEY: "only-for-the-shell",
  HTTPS_PROXY: "http://proxy.example",
};
/** Of the yard's own users. */
function passwordsOf(dir: string): readonly string[] {
  const endpoints = readEndpoints(dir);
  const urls = [endpoints?.nats_url, endpoints?.eventstore_url, endpoints?.database_url];
  const passwords = urls.map((url) => /:\/\/[^:]+:([^@]+)@/.exec(url ?? "")?.[1] ?? "");
  assert.ok(passwords.every((one) => one.length >= 32));
  return passwords;
}
const gone = (pids: readonly number[], withinMs: number) =>
  until("every process is gone", () => pids.every(isGone), withinMs);

test("brings up every part, says where it is, and keeps that for other commands", async () => {
  const yard = await startReady(SHELL);
  assert.equal(Object.keys(yard.children()).sort(), ALL);
  const endpoints = readEndpoints(dataDir);
  assert.is(endpoints?.pid, yard.pid);
  assert.is(endpoints?.http_url, `http://127.0.0.1:${port}`);
  const { pid, env } = await ask();
  assert.is(pid, yard.children().gateway);
  assert.is(env.NATS_URL, endpoints?.nats_url);
  const producerUrl = String(endpoints?.nats_producer_url);
  assert.match(producerUrl, /^nats:\/\/producer:[\w-]{32}@127\.0\.0\.1:\d+$/);
  const { host: eventStore } = new URL(String(endpoints?.eventstore_url).replace("esdb:", "http:"));
  for (const said of [
    "admin token",
    "webhook-signature: v1,",
    producerUrl,
    "inbox prefix _INBOX_producer",
    `esdb://${eventStore}\n`,
  ])
    assert.match(yard.output(), said);
});

test("names every process with its roles and an address for operators, for commands and for people", async () => {
  const [yard] = started;
  const processes = readEndpoints(dataDir)?.processes ?? [];
  assert.equal(
    Object.fromEntries(processes.map(({ name, roles }) => [name, roles])),
    Object.fromEntries(spread(ROLES, availableParallelism()).map(({ name, roles }) => [name, roles])),
  );
  for (const { name, roles, url } of processes) {
    const { pid, env } = await ask("/", url);
    assert.is(pid, yard?.children()[name]);
    assert.is(env.ROLES, roles.join());
    assert.match(yard?.output() ?? "", new RegExp(`${url}/metrics +${name}\\n`));
  }
});

test("lets whatever computes stand back behind the gateway and the parts that answers wait for", async () => {
  const niceness = Object.entries(started[0]?.children() ?? {}).map(([name, pid]) => [
    name,
    getPriority(pid),
  ]);
  const own = getPriority();
  const behind = niceness.filter(([, nice]) => Number(nice) > own).map(([name]) => name);
  assert.equal(behind.sort(), others("gateway"));
});

test("gives no child anything of the environment that it does not need", async () => {
  const children = Object.entries(started[0]?.children() ?? {});
  const texts = children.map(([name, pid]) => [name, readFileSync(`/proc/${pid}/environ`, "utf8")] as const);
  for (const [name, text] of texts) {
    assert.not.match(text, SHELL.AWS_SECRET_ACCESS_KEY, name);
    assert.not.match(text, SHELL.HTTPS_PROXY, name);
  }
  const knows = (secret: string): string[] =>
    texts.filter(([, text]) => text.includes(secret)).map(([name]) => name);
  assert.equal(knows(SHELL.ADMIN_TOKEN), ["gateway"]);
  assert.equal(knows(SHELL.MASTER_KEY).sort(), others("simulator"));
  assert.equal(knows(String(readEndpoints(dataDir)?.database_url)).sort(), others("simulator"));
  assert.equal(knows("TZ=UTC").sort(), ALL);
});

test("keeps the passwords of the parts to itself", () => {
  const [yard] = started;
  for (const url of passwordsOf(dataDir)) assert.not.match(yard?.output() ?? "", url);
  const inArguments = Object.values(yard?.children() ?? {}).map((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8"),
  );
  const all = [
    ...passwordsOf(dataDir),
    readFileSync(join(dataDir, "secrets/nats-producer-password"), "utf8"),
  ];
  for (const password of all) assert.not.match(inArguments.join(), password);
});

test("closes everything below the data folder to everybody else", () => {
  const open = readdirSync(dataDir, { recursive: true, encoding: "utf8" }).filter(
    (path) => (lstatSync(join(dataDir, path)).mode & 0o077) !== 0,
  );
  assert.equal(open, []);
  const { mode, gid } = statSync(dataDir);
  const { uid, gid: groupOfPostgres } = statSync(join(dataDir, "postgres"));
  // Who runs PostgreSQL has to get through, if it is another one.
  const isOther = uid !== process.getuid?.();
  assert.is(mode & 0o777, isOther ? 0o710 : 0o700);
  if (isOther) assert.is(gid, groupOfPostgres);
});

test("refuses a second start on the same folder, and says who has it", async () => {
  const [first] = started;
  const second = start();
  assert.is(await second.exited, 1);
  assert.match(second.output(), `(process ${first?.pid})`);
  assert.is((await ask()).pid, first?.children().gateway);
});

test("joins with single roles where the whole yard runs", async () => {
  const joining = start({ ROLES: "gateway,relay", PORT: `${await freePort()}` });
  assert.ok(await joining.ready, joining.output());
  assert.equal(Object.keys(joining.children()).sort(), ["gateway", "relay"]);
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
    assert.match(
      yard?.output() ?? "",
      new RegExp(`${part} ended with signal SIGKILL, starts again in 0\\.\\d s\\n`),
    );
    assert.is.not(yard?.children()[part], before);
    assert.ok((await ask()).pid > 0);
  });
}

test("says why one of its processes ended, and has it again at the same address", async () => {
  const [yard] = started;
  for (const { name, url } of readEndpoints(dataDir)?.processes ?? []) {
    const { pid } = await ask("/", url);
    const isBack = `${name} is back`;
    const times = (): number => (yard?.output() ?? "").split(isBack).length;
    const before = times();
    await ask("/crash", url).catch(() => {});
    await until(`${name} is back`, () => times() > before, 20_000);
    const why = new RegExp(
      `${name} ended with code 1, starts again in 0\\.\\d s: error was not handled: asked to crash\\n`,
    );
    assert.match(yard?.output() ?? "", why);
    assert.is.not((await ask("/", url)).pid, pid);
  }
});

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
  const next = start();
  await until("it starts", () => next.output().includes("Switchyard starts"));
  assert.is.not(readEndpoints(dataDir)?.pid, killed.pid);
  assert.ok(await next.ready, next.output());
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

test("ends with the words of a process that does not start", async () => {
  const yard = start({}, { services: "dies-at-once" });
  assert.is(await yard.exited, 1);
  assert.match(
    yard.output(),
    /gateway ended with code 3 before it was ready\. Its log, \S+gateway\.log, ends with:\n/,
  );
  assert.match(yard.output(), /this gateway never starts/);
});

test("gives up, and says why, when a process can't stay up", async () => {
  const yard = start({}, { services: "dies-when-ready" });
  assert.is(await yard.exited, 1);
  assert.match(
    yard.output(),
    /worker ended with code 4, starts again in [\d.]+ s: Error: this worker never stays up\n/,
  );
  const last =
    /worker ended \d+ times in a row as soon as it was started, the last time with code 4: Error: this worker never stays up\n/;
  assert.match(yard.output(), last);
});

test("does not touch the folder of another version", async () => {
  const dir = temporaryDataFolder();
  writeFileSync(join(dir, "version.json"), '{"layout":99}');
  const yard = start({}, { dir });
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
