// How the bus proves who it is, how it knows the server, and that it never speaks in plain text where TLS is asked for.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "nats";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCertificates } from "../../test/harness/certificate.ts";
import { startHalfOpenProxy } from "../../test/harness/half-open-proxy.ts";
import { type NatsOptions, type NatsServer, startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import type { NatsAccess } from "./connection.ts";
import { type Connection, openConnection } from "./connection.ts";

const access = suite("access to NATS");
const folder = mkdtempSync(join(tmpdir(), "access-"));
const { ca, cert, key } = await makeCertificates();
const TLS = `tls { cert_file: "${cert}", key_file: "${key}" }`;
const USER = 'authorization { user: "yard", password: "p@ss" }';
const LOGIN = "yard:p%40ss@";
const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];
access.after(async () => {
  for (const stop of stops) await stop();
});

async function serve(config: string, options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startNats({ ...options, config });
  stops.push(() => server.stop());
  return server;
}

const logged: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
const closing = new AbortController();

async function connected(options: NatsAccess, signal = closing.signal): Promise<Connection> {
  const connection = await openConnection({ ...options, name: "test", log, signal });
  stops.unshift(() => connection.close());
  return connection;
}

const whyNot = (options: NatsAccess): Promise<string> =>
  connected(options).then(
    () => "it is connected",
    (error: Error) => error.message,
  );

/** A server that offers no TLS, and keeps what it is told. */
async function plainServer(port = 0): Promise<{ server: Server; port: number; told: string[] }> {
  const told: string[] = [];
  const server = createServer((socket) => {
    const at = told.push("") - 1;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      told[at] += bytes.toString();
    });
    socket.write(
      `INFO {"server_id":"x","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576}\r\n`,
    );
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, told };
}

access("signs in as the user in the address, and says when that one is not accepted", async () => {
  const { port } = await serve(USER);
  assert.ok((await connected({ url: `nats://${LOGIN}127.0.0.1:${port}` })).connected);
  for (const wrong of ["", "yard:other@"])
    assert.match(await whyNot({ url: `nats://${wrong}127.0.0.1:${port}` }), "does not accept the user");
});

access("signs in with a credentials file", async () => {
  const user = nkeys.createUser();
  const { port } = await serve(`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
  const credentialsFile = join(folder, "yard.creds");
  const block = (what: string, text: string): string =>
    `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n\n`;
  const seed = new TextDecoder().decode(user.getSeed());
  writeFileSync(credentialsFile, block("NATS USER JWT", "e30.e30.e30") + block("USER NKEY SEED", seed));
  const url = `nats://127.0.0.1:${port}`;
  assert.ok((await connected({ url, credentialsFile })).connected);
  assert.match(await whyNot({ url }), "does not accept the user");
});

access("speaks TLS to a server that its authority vouches for, by name and by number", async () => {
  const { port } = await serve(`${TLS}\n${USER}`);
  for (const host of ["localhost", "127.0.0.1"]) {
    const { nats } = await connected({ url: `tls://${LOGIN}${host}:${port}`, caFile: ca });
    assert.is(nats.info?.tls_required, true);
    await nats.flush();
  }
});

access("does not trust a server that nobody vouches for, and says so while it goes on trying", async () => {
  const { port } = await serve(`${TLS}\n${USER}`);
  const giveUp = new AbortController();
  const trying = connected({ url: `tls://${LOGIN}localhost:${port}` }, giveUp.signal).catch(
    (error: Error) => error.message,
  );
  await until("it is told", () => logged.some((line) => /certificate.*not reachable yet/.test(line)));
  giveUp.abort();
  assert.is(await trying, "stopped before NATS could be reached");
});

access("says nothing to a server without TLS where the address or an authority asks for it", async () => {
  const { server, port, told } = await plainServer();
  stops.push(() => void server.close());
  const asked: readonly NatsAccess[] = [
    { url: `tls://${LOGIN}127.0.0.1:${port}` },
    { url: `tls://${LOGIN}127.0.0.1:${port}`, caFile: ca },
    { url: `nats://${LOGIN}127.0.0.1:${port}`, caFile: ca },
  ];
  for (const one of asked) assert.match(await whyNot(one), "offers no TLS");
  const real = await serve(USER);
  assert.match(await whyNot({ url: `tls://${LOGIN}127.0.0.1:${real.port}` }), "offers no TLS");
  assert.equal(told, ["", "", ""]);
});

access("does not fall back to plain text when another server is there after a lost connection", async () => {
  const secure = await serve(`${TLS}\n${USER}`);
  const connection = await connected({ url: `tls://${LOGIN}127.0.0.1:${secure.port}`, caFile: ca });
  await secure.kill();
  const { server, told } = await plainServer(secure.port);
  await until("it has tried several times", () => told.length >= 3, 20_000);
  server.close();
  assert.equal(new Set(told), new Set([""]));
  assert.not.ok(connection.connected);
  await secure.restart();
  await until("it is connected again", () => connection.connected, 20_000);
});

access("notices a connection that the network lost without a word, and makes another", async () => {
  const { port } = await serve(USER);
  const proxy = await startHalfOpenProxy(port);
  const connection = await connected({ url: `nats://${LOGIN}127.0.0.1:${proxy.port}` });
  const lost = Promise.withResolvers<void>();
  connection.onDisconnect(lost.resolve);
  proxy.lose();
  await lost.promise;
  await until("it is connected again", () => connection.connected);
  await connection.nats.flush();
  assert.is(proxy.accepted, 2);
  await connection.close();
  await proxy.close();
});

access("shows no password in what it logs", () => {
  assert.ok(logged.length > 0);
  assert.not.match(logged.join(""), /p@ss|p%40ss/);
});

access.run();
