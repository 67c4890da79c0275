// docker-compose.yml without Docker: each of our services as a process with exactly its command and environment, from exactly the files
// of the image; nats-server with exactly its configuration; PostgreSQL with exactly its rules and settings. The embedded event store
// stands in for EventStoreDB, over TLS and with its user. Of the server versions this machine's are used, not the images'.
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { connect, headers } from "nats";
import pg from "pg";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { effectsAt } from "../../test/e2e/demo-partners.ts";
import { until } from "../../test/harness/wait.ts";
import { askedFor, OF_ENGINES, readDashboards } from "../grafana/fixtures/dashboards.ts";
import { ourServices, readComposeFile } from "./fixtures/compose-file.ts";
import { run, secretOf } from "./fixtures/containers.ts";
import { type ComposedYard, startComposedYard } from "./fixtures/yard.ts";

const test = suite("docker compose up, without Docker");
const ours = ourServices(readComposeFile("docker-compose.yml"));
let yard: ComposedYard;
let filesBefore: readonly string[];

const authority = (): string => secretOf(yard.host, "application/ca.crt");
const addressOf = (service: string): string => yard.host.addresses[service] ?? "";
/** Of the image, without what is linked. */
const filesOfImage = (): readonly string[] =>
  globSync("**/*", { cwd: yard.host.image.folder, exclude: (name) => name === "node_modules" }).sort();

test.before(async () => {
  yard = await startComposedYard("single");
  filesBefore = filesOfImage();
});
test.after(() => yard.stop());

test("a submission goes through to a simulated partner, once", async () => {
  const answer = await yard.client.submit({
    email: "ada@example.com",
    full_name: "Ada",
    interest: "Education",
  });
  assert.is(answer.status, 202);
  const { status, partner } = await yard.client.ended(answer.body.id);
  assert.equal({ status, partner }, { status: "delivered", partner: "edu" });
  const { effects, max } = await effectsAt(yard.urlOf("simulator", 8090), "edu");
  assert.equal({ effects, max }, { effects: 1, max: 1 });
});

test("a producer hands in over NATS with TLS, and may do nothing else", async () => {
  const { username: user, password: pass, port } = new URL(secretOf(yard.host, "gateway/nats-producer-url"));
  const nats = await connect({
    servers: `${addressOf("nats")}:${port}`,
    user,
    pass,
    inboxPrefix: "_INBOX_producer",
    // By number, which the certificate does not name.
    tls: { ca: authority(), servername: "nats" } as object,
  });
  const body = JSON.stringify({ email: "grace@example.com", full_name: "Grace", interest: "Education" });
  const signed = headers();
  const key = parseSecret(secretOf(yard.host, "gateway/sources").replace("demo:", ""));
  for (const [name, value] of Object.entries(signedHeaders(key, "over-nats", body))) signed.set(name, value);
  const reply = await nats.request("intake.demo", body, { headers: signed, timeout: 10_000 });
  const { outcome, id } = reply.json<{ outcome: string; id: string }>();
  assert.is(outcome, "accepted");
  assert.is((await yard.client.ended(id)).status, "delivered");
  await until("publishing to a mailbox is refused", async () => {
    const refused = nats.request("yard.lead.0.x", "", { timeout: 500 }).then(
      () => "answered",
      (error: Error) => error.message,
    );
    return /Permissions Violation/i.test(await refused);
  });
  await nats.close();
});

test("nothing gets in without TLS, nor the superuser over the network", async () => {
  const address = addressOf("postgres");
  const { password } = new URL(secretOf(yard.host, "application/database-url"));
  const refusal = async (connectionString: string): Promise<string> => {
    const open = new pg.Client({ connectionString });
    open.on("error", () => undefined);
    return open.connect().then(
      () => "let in",
      (error: Error) => error.message,
    );
  };
  const plain = `postgres://application:${password}@${address}:5432/switchyard`;
  assert.match(await refusal(plain), /no pg_hba\.conf entry.*no encryption/);
  const superuser = `postgres://postgres:x@${address}:5432/postgres?sslmode=no-verify`;
  assert.match(await refusal(superuser), /no pg_hba\.conf entry/);
  const started = await connect({
    servers: `${addressOf("nats")}:4222`,
    user: "switchyard",
    pass: "x",
  }).then(
    () => "let in",
    (error: Error) => error.message,
  );
  assert.not.equal(started, "let in");
});

test("the application is no superuser, and may remove destroyed keys from the write-ahead log", async () => {
  const { username: user, password } = new URL(secretOf(yard.host, "application/database-url"));
  const database = new pg.Client({
    ...{ host: addressOf("postgres"), database: "switchyard", user, password },
    // By number, which the certificate does not name.
    ssl: { ca: authority(), servername: "postgres" },
  });
  await database.connect();
  const { rows } = await database.query(
    "select usesuper, usecreatedb from pg_user where usename = current_user",
  );
  assert.equal(rows, [{ usesuper: false, usecreatedb: false }]);
  await database.query("select pg_switch_wal()");
  await database.query("checkpoint");
  await database.end();
});

test("the demo's second start changes nothing", async () => {
  const partners = (await yard.client.admin("GET", "/api/partners")).body;
  const again = await yard.up("demo");
  assert.match(again.log(), "demo data are there already");
  assert.equal((await yard.client.admin("GET", "/api/partners")).body, partners);
});

test("the secrets' second start changes none of them", async () => {
  const all = ["application/database-url", "application/nats-url", "nats/tls.crt", "gateway/sources"];
  const first = all.map((path) => secretOf(yard.host, path));
  await yard.up("secrets");
  assert.equal(
    all.map((path) => secretOf(yard.host, path)),
    first,
  );
});

test("no process writes anywhere but below a volume of its own", () => {
  for (const [name, { volumes = [] }] of Object.entries(ours)) {
    const hasData = volumes.some((one) => one.endsWith(":/data"));
    assert.is(existsSync(join(yard.host.data, name)), hasData, name);
  }
  assert.ok(filesBefore.length > 200);
  assert.equal(filesOfImage(), filesBefore);
});

test("is ready by what the image's health check asks", async () => {
  const check = await run({
    name: "health check",
    command: process.execPath,
    args: [join(yard.host.image.folder, "deploy/compose/healthcheck.mjs")],
    env: { PORT: "9" },
    cwd: yard.host.image.folder,
  }).catch((error: Error) => error.message);
  assert.match(`${check}`, "code 1");
  for (const name of ["gateway", "worker", "projections", "simulator"])
    assert.is((await fetch(`${yard.urlOf(name, 8080)}/readyz`)).status, 200, name);
});

test("every metric that a dashboard asks for is shown by a process of the yard", async () => {
  const texts = await Promise.all(
    (
      [
        ["gateway", 9091],
        ["worker", 8080],
        ["projections", 8080],
      ] as const
    ).map(async ([name, port]) => (await fetch(`${yard.urlOf(name, port)}/metrics`)).text()),
  );
  const shown = [...texts.join("\n").matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
  const known = [...shown, ...OF_ENGINES];
  const asked = readDashboards().flatMap(({ text }) => askedFor(text));
  assert.ok(asked.length > 30);
  for (const name of asked) assert.ok(known.includes(name), `no process shows ${name}`);
});

test("a stop drains and ends every process within its time", async () => {
  const codes = await yard.stopOurs();
  assert.equal(new Set(codes), new Set([0]));
});

test.run();
