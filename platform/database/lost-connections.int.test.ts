import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startHalfOpenProxy } from "../../test/harness/half-open-proxy.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/wait.ts";
import { connectDatabase, isDatabaseAway } from "../database.ts";
import { createLog } from "../log.ts";
import { watchForLoss } from "./lost-connections.ts";

// A connection that neither end is told to be lost.

const databases = suite("lost database connections");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const other = connectDatabase({ url: postgres.url, log, max: 4 });
const proxy = await startHalfOpenProxy(postgres.port);
const url = postgres.url.replace(`:${postgres.port}/`, `:${proxy.port}/`);
/** Far below the 30 s that a statement may take. */
const SOON_MS = 10_000;

databases.after(async () => {
  await other.close();
  await proxy.close();
  await postgres.stop();
});

databases("gives a lost connection up in time, says so, and goes on over another one", async () => {
  const logged: string[] = [];
  const told = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
  const far = connectDatabase({ url, log: told, max: 2, maxStatementMs: 500 });
  const heard: (string | undefined)[] = [];
  const listening = await far.listen("far", (payload) => void heard.push(payload));
  await far.query("select 1");
  proxy.lose();
  const start = performance.now();
  const inTransaction = far.transaction((within) => within.query("select 2"));
  const outcomes = await Promise.allSettled([far.query("select 1"), inTransaction]);
  assert.ok(outcomes.some(({ status }) => status === "rejected"));
  assert.ok(performance.now() - start < 10_000);
  assert.match(logged.join(""), "database connection given up");
  assert.match(logged.join(""), "PostgreSQL gave no answer within 500 ms");
  assert.equal(await far.query("select 3 as n"), [{ n: 3 }]);
  await until("it listens again", () => heard.includes(undefined));
  await other.query("select pg_notify('far', 'news')");
  await until("it hears of it", () => heard.includes("news"));
  await listening.close();
  await far.close();
});

databases("holds no lock for long where the connection was lost in the middle of a transaction", async () => {
  await other.execute("create table locked (n int)");
  await other.execute("insert into locked values (1)");
  const lost = connectDatabase({
    url,
    log,
    max: 1,
    maxIdleInTransactionMs: 500,
    maxStatementMs: 1_000,
  });
  const update = "update locked set n = n + 1";
  const isLocked = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const half = lost
    .transaction(async (within) => {
      await within.execute(update);
      isLocked.resolve();
      await goesOn.promise;
      await within.execute(update);
    })
    .catch((error: unknown) => error);
  await isLocked.promise;
  // Neither end hears of it.
  proxy.lose();
  assert.is(await other.execute(update), 1);
  assert.equal(await other.query("select n from locked"), [{ n: 2 }]);
  goesOn.resolve();
  assert.instance(await half, Error);
  await lost.close();
});

databases("is noticed within seconds, with all others that were lost with it", async () => {
  const logged: string[] = [];
  const told = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
  const far = connectDatabase({ url, log: told, max: 4 });
  const all = Array.from({ length: 4 });
  // Four connections, of which none is told from the others.
  await Promise.all(all.map(() => far.query("select pg_sleep(0.2)")));
  proxy.lose();
  const start = performance.now();
  const failure = await far.query("select 1").catch((error: unknown) => error);
  assert.ok(isDatabaseAway(failure), String(failure));
  assert.match(logged.join(""), "database connection lost without a word and given up");
  assert.equal(await Promise.all(all.map(() => far.query("select 2 as n"))), all.fill([{ n: 2 }]));
  assert.ok(performance.now() - start < SOON_MS);
  await far.close();
});

databases("lets go of its locks in the server as soon as it is noticed", async () => {
  await other.execute("create table kept (n int)");
  await other.execute("insert into kept values (1)");
  const update = "update kept set n = n + 1";
  const far = connectDatabase({ url, log, max: 1, maxIdleInTransactionMs: 60_000 });
  const half = far
    .transaction(async (within) => {
      await within.execute(update);
      proxy.lose();
      await within.execute(update);
    })
    .catch((error: unknown) => error);
  const start = performance.now();
  assert.ok(isDatabaseAway(await half));
  assert.is(await other.execute(update), 1);
  assert.ok(performance.now() - start < SOON_MS);
  await far.close();
});

databases(
  "is not seen in a statement that takes long, nor in a transaction that thinks for long",
  async () => {
    const slow = connectDatabase({ url, log, max: 2 });
    const [slept] = await Promise.all([
      slow.query("select pg_sleep(6), 1 as n"),
      slow.transaction(async (within) => {
        await within.execute("select 1");
        await new Promise((resolve) => setTimeout(resolve, 6_000));
        await within.execute("select 2");
      }),
    ]);
    assert.is(slept.length, 1);
    await slow.close();
  },
);

/** What goes silent just when it is taken leave of: the goodbye gets lost, and so does the answer to it. */
async function startWithoutGoodbye(): Promise<{ readonly port: number; accepted(): number; close(): void }> {
  let accepted = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    accepted += 1;
    const far = connect({ port: postgres.port, host: "127.0.0.1", allowHalfOpen: true });
    for (const one of [near, far]) sockets.add(one.on("error", () => undefined));
    far.on("data", (bytes) => void near.write(bytes));
    near.on("data", (bytes) => {
      if (bytes[0] !== "X".charCodeAt(0)) far.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    close() {
      for (const one of sockets) one.destroy();
      server.close();
    },
  };
}

databases("are looked for also after the connection that asks was lost itself", async () => {
  const silent = await startWithoutGoodbye();
  const losses = watchForLoss({ url: postgres.url.replace(`:${postgres.port}/`, `:${silent.port}/`), log });
  const busy = new pg.Client({ connectionString: postgres.url });
  busy.on("error", () => undefined);
  await busy.connect();
  losses.watch(busy).given();
  const slept = busy.query("select pg_sleep(60)").catch(() => undefined);
  await until("the server is asked a third time", () => silent.accepted() >= 3);
  losses.close();
  await busy.end();
  await slept;
  silent.close();
});

databases.run();
