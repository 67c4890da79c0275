// docker-compose.yml without Docker: each of our services as a process with exactly its command and environment, from exactly the files
// of the image; nats-server with exactly its configuration; PostgreSQL with exactly its rules and settings. The embedded event store
// stands in for EventStoreDB, over TLS and with its user. Of the server versions this machine's are used, not the images'.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connect, headers } from "nats";
import pg from "pg";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { createClient, type YardClient } from "../../test/e2e/client.ts";
import { effectsAt } from "../../test/e2e/demo-partners.ts";
import { startEventStore, temporaryFolder } from "../../test/eventstore/server.ts";
import { type PostgresServer, startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/wait.ts";
import { findNatsServer } from "../local/install/nats-binary.mjs";
import { ourServices, readComposeFile, type Service } from "./fixtures/compose-file.ts";
import {
  type Container,
  createNetwork,
  type Host,
  run,
  secretOf,
  startNatsService,
  startOurs,
} from "./fixtures/containers.ts";
import { buildImage } from "./fixtures/image.ts";

const test = suite("docker compose up, without Docker");
const file = readComposeFile("docker-compose.yml");
const ours = ourServices(file);
const folder = temporaryFolder("compose-");
const host: Host = {
  ...createNetwork(Object.keys(file.services)),
  image: buildImage(join(folder, "image")),
  secrets: join(folder, "secrets"),
  data: join(folder, "data"),
};
const containers: Container[] = [];
let stopParts: () => Promise<unknown> = async () => undefined;
let client: YardClient;

const serviceOf = (name: string): Service => {
  const found = file.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};
const urlOf = (name: string, port: number): string => `http://${host.addresses[name]}:${port}`;

const authority = (): string => secretOf(host, "application/ca.crt");
/** Of the image, without what is linked. */
const filesOfImage = (): readonly string[] =>
  globSync("**/*", { cwd: host.image.folder, exclude: (name) => name === "node_modules" }).sort();
const before = filesOfImage();

/** As the entrypoint of its image starts it: fills it, then serves with the settings of the command. */
async function startPostgresService(): Promise<PostgresServer> {
  const address = host.addresses.postgres ?? "";
  const server = await startPostgres({ address, wantedPort: 5432 });
  const { uid, gid } = statSync(join(server.dir, "data"));
  // What belongs to the user 999 in the container belongs to this machine's user of PostgreSQL.
  const own = join(server.dir, "secrets");
  cpSync(join(host.secrets, "postgres"), own, { recursive: true });
  cpSync("deploy/postgres/pg_hba.conf", join(own, "pg_hba.conf"));
  for (const path of [
    own,
    ...["tls.crt", "tls.key", "application-password", "pg_hba.conf"].map((one) => join(own, one)),
  ])
    chownSync(path, uid, gid);
  const here = (text: string): string =>
    text.replaceAll("/secrets/postgres", own).replaceAll("/etc/postgresql", own);

  const first = new pg.Client({ connectionString: server.url });
  await first.connect();
  await first.query(
    "create database switchyard template template0 locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'",
  );
  for (const setting of serviceOf("postgres").command?.slice(1) ?? []) {
    const [name, value] = setting.replace(/^-c/, "").split("=");
    await first.query(`alter system set ${name} = ${pg.escapeLiteral(here(value ?? ""))}`);
  }
  await first.end();
  const filling = new pg.Client({ connectionString: server.url.replace(/\/postgres$/, "/switchyard") });
  await filling.connect();
  await filling.query(here(readFileSync("deploy/postgres/application-role.sql", "utf8")));
  await filling.end();
  await server.restart();
  return server;
}

async function startEventStoreService(): Promise<{ stop(): Promise<unknown> }> {
  const users = join(folder, "eventstore-users");
  writeFileSync(users, `admin:${secretOf(host, "eventstore/admin-password")}\n`, { mode: 0o600 });
  const { environment = {} } = serviceOf("eventstore");
  const at = (name: string): string => `${environment[name]}`.replace("/secrets", host.secrets);
  return startEventStore({
    dir: join(folder, "eventstore"),
    port: 2113,
    args: [
      ...["--host", host.addresses.eventstore ?? "", "--users-file", users],
      ...[
        "--tls-cert",
        at("EVENTSTORE_CERTIFICATE_FILE"),
        "--tls-key",
        at("EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE"),
      ],
    ],
  });
}

async function up(name: string): Promise<Container> {
  const started = await startOurs(name, serviceOf(name), host);
  containers.push(started);
  return started;
}

test.before(async () => {
  chmodSync(folder, 0o755);
  mkdirSync(host.data);
  await up("secrets");
  const [nats, postgres, eventStore] = await Promise.all([
    startNatsService(serviceOf("nats"), host, findNatsServer(process.env) ?? "nats-server"),
    startPostgresService(),
    startEventStoreService(),
  ]);
  stopParts = () => Promise.all([nats.stop(), postgres.stop(), eventStore.stop()]);
  await Promise.all(["gateway", "worker", "projections", "simulator"].map(up));
  await up("demo");
  client = createClient({
    url: urlOf("gateway", 8080),
    token: secretOf(host, "gateway/admin-token"),
    source: "demo",
    secret: secretOf(host, "gateway/sources").replace("demo:", ""),
  });
});
test.after(async () => {
  await Promise.all(containers.map((one) => one.stop()));
  await stopParts();
});

test("a submission goes through to a simulated partner, once", async () => {
  const answer = await client.submit({ email: "ada@example.com", full_name: "Ada", interest: "Education" });
  assert.is(answer.status, 202);
  const { status, partner } = await client.ended(answer.body.id);
  assert.equal({ status, partner }, { status: "delivered", partner: "edu" });
  const { effects, max } = await effectsAt(urlOf("simulator", 8090), "edu");
  assert.equal({ effects, max }, { effects: 1, max: 1 });
});

test("a producer hands in over NATS with TLS, and may do nothing else", async () => {
  const { username: user, password: pass, port } = new URL(secretOf(host, "gateway/nats-producer-url"));
  const nats = await connect({
    servers: `${host.addresses.nats}:${port}`,
    user,
    pass,
    inboxPrefix: "_INBOX_producer",
    // By number, which the certificate does not name.
    tls: { ca: authority(), servername: "nats" } as object,
  });
  const body = JSON.stringify({ email: "grace@example.com", full_name: "Grace", interest: "Education" });
  const signed = headers();
  const key = parseSecret(secretOf(host, "gateway/sources").replace("demo:", ""));
  for (const [name, value] of Object.entries(signedHeaders(key, "over-nats", body))) signed.set(name, value);
  const reply = await nats.request("intake.demo", body, { headers: signed, timeout: 10_000 });
  const { outcome, id } = reply.json<{ outcome: string; id: string }>();
  assert.is(outcome, "accepted");
  assert.is((await client.ended(id)).status, "delivered");
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
  const address = host.addresses.postgres ?? "";
  const { password } = new URL(secretOf(host, "application/database-url"));
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
    servers: `${host.addresses.nats}:4222`,
    user: "switchyard",
    pass: "x",
  }).then(
    () => "let in",
    (error: Error) => error.message,
  );
  assert.not.equal(started, "let in");
});

test("the application is no superuser, and may remove destroyed keys from the write-ahead log", async () => {
  const { username: user, password } = new URL(secretOf(host, "application/database-url"));
  const database = new pg.Client({
    ...{ host: host.addresses.postgres ?? "", database: "switchyard", user, password },
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
  const partners = (await client.admin("GET", "/api/partners")).body;
  const again = await up("demo");
  assert.match(again.log(), "demo data are there already");
  assert.equal((await client.admin("GET", "/api/partners")).body, partners);
});

test("the secrets' second start changes none of them", async () => {
  const all = ["application/database-url", "application/nats-url", "nats/tls.crt", "gateway/sources"];
  const first = all.map((path) => secretOf(host, path));
  await up("secrets");
  assert.equal(
    all.map((path) => secretOf(host, path)),
    first,
  );
});

test("no process writes anywhere but below a volume of its own", () => {
  for (const [name, { volumes = [] }] of Object.entries(ours)) {
    const hasData = volumes.some((one) => one.endsWith(":/data"));
    assert.is(existsSync(join(host.data, name)), hasData, name);
  }
  assert.ok(before.length > 200);
  assert.equal(filesOfImage(), before);
});

test("is ready by what the image's health check asks", async () => {
  const check = await run({
    name: "health check",
    command: process.execPath,
    args: [join(host.image.folder, "deploy/compose/healthcheck.mjs")],
    env: { PORT: "9" },
    cwd: host.image.folder,
  }).catch((error: Error) => error.message);
  assert.match(`${check}`, "code 1");
  for (const name of ["gateway", "worker", "projections", "simulator"])
    assert.is((await fetch(`${urlOf(name, 8080)}/readyz`)).status, 200, name);
});

test("a stop drains and ends every process within its time", async () => {
  const codes = await Promise.all(containers.map((one) => one.stop()));
  assert.equal(new Set(codes), new Set([0]));
});

test.run();
