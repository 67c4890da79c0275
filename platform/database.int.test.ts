import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startPostgres } from "../test/harness/postgres.ts";
import { until } from "../test/harness/wait.ts";
import { connectDatabase } from "./database.ts";
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
