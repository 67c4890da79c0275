// No password is shown anywhere, whatever breaks: on the terminal, in a log, or to whoever asks whether the yard is ready.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Endpoints, readEndpoints } from "#platform/endpoints.ts";
import { freePort } from "#platform/free-port.ts";
import { until } from "../../test/harness/wait.ts";
import { type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";

const test = suite("Passwords");
const dataDir = temporaryDataFolder();
const SERVICES = join(import.meta.dirname, "../../services");
let yard: Launched;
let endpoints: Endpoints;
/** What was answered to whoever asked for readiness. */
const answers: string[] = [];

test.before(async () => {
  const ports = { PORT: `${await freePort()}`, SIMULATOR_PORT: `${await freePort()}` };
  yard = startLauncher(dataDir, { ...ports, LOG_LEVEL: "trace" }, "real");
  assert.ok(await yard.ready, yard.output());
  endpoints = readEndpoints(dataDir) as Endpoints;
});
test.after(async () => {
  yard.signal("SIGTERM");
  await yard.exited;
});

function passwordIn(url: string): string {
  const password = /\/\/[^:]+:([^@]+)@/.exec(url)?.[1] ?? "";
  assert.ok(password.length >= 8);
  return password;
}

/** As they are, and as HTTP's Basic credentials hold them. */
function secretsIn(urls: readonly string[]): readonly string[] {
  return urls.flatMap((url) => {
    const login = /\/\/([^@]+)@/.exec(url)?.[1] ?? "";
    return [passwordIn(url), Buffer.from(login).toString("base64")];
  });
}

function assertHides(text: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    assert.is(at, -1, `${where}: ${text.slice(Math.max(0, at - 200), at)}…`);
  }
}

async function askReadiness(): Promise<boolean> {
  let ready = true;
  for (const { url } of endpoints.processes) {
    const { statusCode, body } = await request(`${url}/readyz`);
    answers.push(await body.text());
    ready &&= statusCode === 200;
  }
  return ready;
}

/** PostgreSQL has a process for each connection. */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

for (const part of ["NATS", "event store", "PostgreSQL"])
  test(`stay hidden while ${part} is frozen, gone and back`, async () => {
    const pid = yard.children()[part] ?? 0;
    assert.ok(pid > 0);
    const pids = [pid, ...childrenOf(pid)];
    for (const one of pids) process.kill(one, "SIGSTOP");
    await until(`the yard without ${part} is not ready`, async () => !(await askReadiness()));
    for (const one of pids) process.kill(one, "SIGKILL");
    await until(`${part} is back`, () => yard.output().includes(`${part} is back`));
    await until("the yard is ready", askReadiness, 60_000);
  });

test("are in no answer, in no log, and on the terminal only that of producers", () => {
  const urls = [endpoints.nats_url, endpoints.eventstore_url, endpoints.database_url];
  const secrets = secretsIn(urls);
  const producer = secretsIn([endpoints.nats_producer_url ?? ""]);
  assertHides(answers.join("\n"), [...secrets, ...producer], "readyz");
  assertHides(yard.output(), secrets, "terminal");
  const logs = readdirSync(join(dataDir, "logs"));
  assert.ok(logs.length >= 6);
  for (const log of logs)
    assertHides(readFileSync(join(dataDir, "logs", log), "utf8"), [...secrets, ...producer], log);
});

/** What a gateway by itself says until it ends or has said enough, with addresses that are changed. */
async function runGateway(changed: Readonly<Record<string, string>>, enough: RegExp): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    PORT: "0",
    DATA_DIR: dataDir,
    LOG_LEVEL: "trace",
    NATS_URL: endpoints.nats_url,
    EVENTSTORE_URL: endpoints.eventstore_url,
    DATABASE_URL: endpoints.database_url,
    ...changed,
  };
  const child = spawn(process.execPath, [join(SERVICES, "gateway/main.ts")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  const exited = once(child, "close");
  await until("it has said enough", () => child.exitCode !== null || enough.test(said), 60_000).catch(
    () => undefined,
  );
  child.kill("SIGKILL");
  await exited;
  return said;
}

test("stay hidden where they are wrong, and where an address can't be used", async () => {
  const wrongly = (url: string): string => url.replace(/:[^:@/]+@/, ":hush-hush-hush@");
  const tries: readonly (readonly [string, string, RegExp])[] = [
    ["NATS_URL", wrongly(endpoints.nats_url), /NATS does not accept the user of NATS_URL/],
    ["EVENTSTORE_URL", wrongly(endpoints.eventstore_url), /AccessDenied|UNAUTHENTICATED|access denied/i],
    ["DATABASE_URL", wrongly(endpoints.database_url), /password authentication failed/],
    ["NATS_URL", wrongly(endpoints.nats_url).replace("nats:", "tls:"), /NATS offers no TLS/],
    ["NATS_URL", `${wrongly(endpoints.nats_url)}/?`, /NATS_URL is not/],
    ["EVENTSTORE_URL", `${wrongly(endpoints.eventstore_url)}&colour=red`, /EVENTSTORE_URL is not/],
    [
      "DATABASE_URL",
      `${wrongly(endpoints.database_url)}`.replace("127.0.0.1", "[::x]"),
      /DATABASE_URL is not/,
    ],
    ["NATS_URL", "nats://yard:hush-hush-hush@127.0.0.1:1", /not reachable yet/],
    ["EVENTSTORE_URL", "esdb://yard:hush-hush-hush@127.0.0.1:1?tls=true", /was not answered in time/],
    ["DATABASE_URL", "postgres://yard:hush-hush-hush@127.0.0.1:1/x", /ECONNREFUSED/],
  ];
  for (const [name, url, why] of tries) {
    const said = await runGateway({ [name]: url }, why);
    assert.match(said, why, `${name}: ${why} is not in\n${said.slice(-3_000)}`);
    const urls = [endpoints.nats_url, endpoints.eventstore_url, endpoints.database_url, url];
    assertHides(said, secretsIn(urls), name);
  }
});

test.run();
