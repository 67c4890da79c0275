import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startPostgres } from "../test/harness/postgres.ts";
import { until } from "../test/harness/wait.ts";
import { connectDatabase, type Queryable } from "./database.ts";
import { createLog } from "./log.ts";

const databases = suite("database");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const database = connectDatabase({ url: postgres.url, log, max: 4 });
const other = connectDatabase({ url: postgres.url, log, max: 4 });

databases.after(async () => {
  await Promise.all([database.close(), other.close()]);
  await postgres.stop();
});

databases("keeps a bigint whole", async () => {
  const rows = await database.query(
    "select 9007199254740993::bigint as big, 1 as small, array[1::bigint, null] as many",
  );
  assert.equal(rows, [{ big: 9007199254740993n, small: 1, many: [1n, null] }]);
});

databases("runs each schema step once, whoever asks first, and later ones later", async () => {
  const steps = ["create table counted (n bigint)", "insert into counted values (1)"];
  await Promise.all([
    database.migrate("test", steps),
    other.migrate("test", steps),
    database.migrate("test", steps),
  ]);
  await other.migrate("test", [...steps, "insert into counted values (2)"]);
  assert.equal(await database.query("select n from counted order by n"), [{ n: 1n }, { n: 2n }]);
});

databases("leaves nothing of a schema step that fails", async () => {
  const failing = database.migrate("broken", ["create table half (n int)", "select no_such_thing"]);
  assert.instance(await failing.catch((error: unknown) => error), Error);
  assert.equal(await database.query("select to_regclass('half') as found"), [{ found: null }]);
});

databases("commits what a transaction did, or nothing", async () => {
  await database.transaction((within) => within.execute("insert into counted values (3)"));
  const failure = await database
    .transaction(async (within) => {
      assert.is(await within.execute("insert into counted values (4), (5)"), 2);
      throw new Error("changed my mind");
    })
    .catch((error: unknown) => error);
  assert.match(String(failure), "changed my mind");
  assert.equal(await database.query("select max(n) as n from counted"), [{ n: 3n }]);
});

databases(
  "runs statements in the order in which they are given, also when nobody waits in between",
  async () => {
    await database.transaction(async (within) => {
      const [made, first, second] = await Promise.all([
        within.execute("create temporary table ordered (n int) on commit drop"),
        within.execute("insert into ordered values (1), (2)"),
        within.query("select n from ordered order by n"),
      ]);
      assert.equal([made, first, second], [0, 2, [{ n: 1 }, { n: 2 }]]);
    });
  },
);

databases("parses a prepared statement once, also after it has failed", async () => {
  const one = connectDatabase({ url: postgres.url, log, max: 1 });
  const prepared = { prepared: true };
  const late = "select n from made_later";
  assert.match(
    String(await one.query(late, [], prepared).catch((error: unknown) => error)),
    "does not exist",
  );
  await one.execute("create table made_later as select 1 as n");
  for (let n = 0; n < 3; n += 1) assert.equal(await one.query(late, [], prepared), [{ n: 1 }]);
  const [kept] = await one.query<{ kept: bigint }>(
    "select count(*) as kept from pg_prepared_statements where statement = $1",
    [late],
  );
  assert.is(kept?.kept, 1n);
  await one.close();
});

databases("finds rows by their index with a plan that was kept while the table was empty", async () => {
  const one = connectDatabase({ url: postgres.url, log, max: 1 });
  // Few of such wide rows are expected in an empty table, so that reading all of them seems cheap.
  const columns = Array.from({ length: 30 }, (_, n) => `text_${n} text`).join(", ");
  await one.execute(`create table filled (n bigint primary key, ${columns}) with (autovacuum_enabled = off)`);
  const scansOf = (byIndex: boolean): Promise<bigint> =>
    one.transaction(
      async (within) => {
        // The server keeps the plan after five times.
        const statement = `select n, ${byIndex} as by_index from filled where n = any($1::bigint[])`;
        for (let n = 0; n < 8; n += 1) await within.query(statement, [[1, 2, 3]], { prepared: true });
        await within.execute("insert into filled select n from generate_series(1, 5000) n");
        const before = await tableScans(within);
        await within.query(statement, [[1, 2, 3]], { prepared: true });
        const scans = (await tableScans(within)) - before;
        await within.execute("delete from filled");
        return scans;
      },
      { byIndex },
    );
  assert.equal([await scansOf(false), await scansOf(true)], [1n, 0n]);
  await one.close();
});

const tableScans = async (within: Queryable): Promise<bigint> =>
  (
    await within.query<{ seq_scan: bigint }>(
      "select seq_scan from pg_stat_xact_user_tables where relname = 'filled'",
    )
  )[0]?.seq_scan ?? 0n;

databases("takes back a transaction that takes too long, in a statement or between two", async () => {
  const tooSlow = [
    (within: Queryable) => within.query("select pg_sleep(30)"),
    () => new Promise((resolve) => setTimeout(resolve, 30_000).unref()),
  ];
  for (const wait of tooSlow) {
    const start = performance.now();
    const failure = await database
      .transaction(
        async (within) => {
          await within.execute("insert into counted values (6)");
          await wait(within);
        },
        { maxMs: 200 },
      )
      .catch((error: unknown) => error);
    assert.instance(failure, Error);
    assert.ok(performance.now() - start < 10_000);
  }
  // Also their locks are gone.
  assert.is(await other.execute("delete from counted where n = 6"), 0);
  assert.is(await database.transaction((within) => within.execute("select 1"), { maxMs: 200 }), 1);
});

databases("does not wait for the disk where it is told", async () => {
  const of = (durable: boolean): Promise<object[]> =>
    database.transaction((within) => within.query("show synchronous_commit"), { durable });
  assert.equal(await of(false), [{ synchronous_commit: "off" }]);
  assert.equal(await of(true), [{ synchronous_commit: "on" }]);
});

databases(
  "fails a transaction whose connection breaks between two statements, and nothing else",
  async () => {
    const failure = await database
      .transaction(async (within) => {
        const [own] = await within.query<{ pid: number }>("select pg_backend_pid() as pid");
        await other.query("select pg_terminate_backend($1)", [own?.pid]);
        await until("it is gone", async () => {
          const found = await other.query("select 1 from pg_stat_activity where pid = $1", [own?.pid]);
          return found.length === 0;
        });
        // Time to hear of it.
        await new Promise((resolve) => setTimeout(resolve, 50));
        await within.execute("insert into counted values (7)");
      })
      .catch((error: unknown) => error);
    assert.instance(failure, Error);
    assert.equal(await database.query("select max(n) as n from counted"), [{ n: 3n }]);
  },
);

databases("gives more work than connections a turn each", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => database.query<{ n: number }>("select $1::int as n", [n])),
  );
  assert.equal(
    answers.flat().map(({ n }) => n),
    Array.from({ length: 50 }, (_, n) => n),
  );
});

databases("works on after a restart, and says that notifications may be missing", async () => {
  const heard: (string | undefined)[] = [];
  const listening = await database.listen("news", (payload) => void heard.push(payload));
  await other.query("select pg_notify('news', 'first')");
  await until("the first", () => heard.length === 1);
  await postgres.restart();
  const [answer] = await Promise.all([
    database.query<{ n: bigint }>("select count(*) as n from counted"),
    until("it listens again", () => heard.includes(undefined)),
  ]);
  assert.equal(answer, [{ n: 3n }]);
  await other.query("select pg_notify('news', 'second')");
  await until("the second", () => heard.at(-1) === "second");
  assert.equal(heard, ["first", undefined, "second"]);
  await listening.close();
});

databases("listens again when the connection breaks while it asks to listen", async () => {
  let asked = 0;
  // As much of PostgreSQL as it takes: the start of a session, and then no more.
  const resetting = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      const authenticated = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
      const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
      socket.write(Buffer.concat([authenticated, ready]));
      socket.once("data", () => {
        asked += 1;
        socket.resetAndDestroy();
      });
    });
  });
  resetting.listen(0, "127.0.0.1");
  await once(resetting, "listening");
  const { port } = resetting.address() as AddressInfo;
  const broken = connectDatabase({ url: `postgres://nobody@127.0.0.1:${port}/none`, log });
  const listening = broken.listen("news", () => undefined);
  await until("it has asked more than once", () => asked > 1);
  await broken.close();
  await (await listening).close();
  resetting.close();
});

databases("lets a statement take longer where that is said", async () => {
  const hurried = connectDatabase({ url: postgres.url, log, maxStatementMs: 200 });
  const slow = "select pg_sleep(0.6)";
  assert.instance(await hurried.query(slow).catch((error: unknown) => error), Error);
  assert.is((await hurried.query(slow, [], { maxMs: 20_000 })).length, 1);
  await hurried.migrate("slow", [slow]);
  await hurried.close();
});

databases("waits for a server that is starting, and not for a wrong statement", async () => {
  await postgres.halt();
  const asked = database.query("select 1 as one");
  await postgres.restart();
  assert.equal(await asked, [{ one: 1 }]);
  const start = performance.now();
  assert.match(String(await database.query("selekt").catch((error: unknown) => error)), "syntax error");
  assert.ok(performance.now() - start < 5000);
});

databases.run();
