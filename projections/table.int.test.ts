// What is written over as whole columns comes back as it was, whatever stands in it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startTestYard, type TestYard } from "../test/leads/yard.ts";
import { table } from "./table.ts";

interface Row {
  readonly id: string;
  readonly word: string | null;
  readonly count: number;
  readonly position: bigint;
  readonly price: number | null;
  readonly is_new: boolean;
  readonly at: Date;
  readonly value: unknown;
}

const test = suite("a table of a read model");
let yard: TestYard;
test.before(async () => {
  yard = await startTestYard();
});
test.after(() => yard.stop());

const rows = table<Row>(
  "odd",
  {
    id: "uuid",
    word: "text",
    count: "int",
    position: "bigint",
    price: "double precision",
    is_new: "boolean",
    at: "timestamptz",
    value: "json",
  },
  ["id"],
);

const WORDS = [
  "",
  "NULL",
  "null",
  " edges ",
  "a,b",
  "{}",
  '"quoted"',
  "back\\slash",
  '\\"',
  "line\nbreak\r\t",
  "Ω≈ç√ 漢字 🚂",
  "'; drop table odd; --",
  null,
];

test("keeps what is odd", async () => {
  const database = yard.own.database();
  await database.execute("create schema odd_rows");
  await database.execute(
    `create table odd_rows.odd (id uuid primary key, word text, count int, position bigint, price double precision,
      is_new boolean, at timestamptz, value json)`,
  );
  const target = Object.assign(Object.create(database), { schema: "odd_rows" });
  const written = WORDS.map(
    (word, n): Row => ({
      id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
      word,
      count: -n,
      position: 2n ** 62n + BigInt(n),
      price: n % 2 ? n / 3 : null,
      is_new: n % 2 === 0,
      at: new Date(Date.UTC(1999, 0, 1 + n, 1, 2, 3, n)),
      value: { word, nested: [word, { deep: word, nul: "\0" }] },
    }),
  );
  await rows.upsert(target, written);
  const found = await rows.find(
    target,
    written.map(({ id }) => id),
  );
  assert.equal(
    found.map((row) => ({ ...row })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    written,
  );
});

test("keeps a text with a character that PostgreSQL refuses", async () => {
  const database = yard.own.database();
  const target = Object.assign(Object.create(database), { schema: "odd_rows" });
  const id = "00000000-0000-4000-8000-00000000ffff";
  const row: Row = {
    id,
    word: "a\0b",
    count: 1,
    position: 1n,
    price: 1.5,
    is_new: true,
    at: new Date(0),
    value: null,
  };
  await rows.insert(target, [row]);
  const [found] = await rows.find(target, [id]);
  assert.is(found?.word, "a\uFFFDb");
});

test.run();
