import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId } from "#domain/ids.ts";
import { connectDatabase } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { openPastIndex } from "./past-index.ts";

const test = suite("index of what a partner was delivered");
const postgres = await startPostgres();
// One connection, so that a prepared statement is the same one, and the database tells of all that it has read.
const database = connectDatabase({
  url: postgres.url,
  log: createLog({ level: "silent", name: "test", instance: "test" }),
  max: 1,
});
const index = await openPastIndex(database);
const partner = PartnerId.parse("edu");
const delivered = (dedupe_key: string, delivered_at: number) => ({
  delivery_id: DeliveryId.parse(newUuid()),
  dedupe_key,
  delivered_at,
});
type Delivered = ReturnType<typeof delivered>;

test.after(async () => {
  await database.close();
  await postgres.stop();
});

const add = (ended: readonly Delivered[], revision: bigint): Promise<void> =>
  index.add(partner, { ended, returned: [], dropsKeys: false, retirements: 0 }, revision);

/** By whatever plan. */
async function rowsRead(): Promise<number> {
  await database.query("select pg_stat_force_next_flush()");
  const [row] = await database.query<{ n: number }>(
    "select (seq_tup_read + idx_tup_fetch)::float8 as n from pg_stat_user_tables where schemaname = 'partner_past'",
  );
  return row?.n ?? Number.NaN;
}

test("finds by key what was delivered last, of several that are asked for", async () => {
  const [first, last, other] = [delivered("same", 1), delivered("same", 3), delivered("other", 2)];
  await add([first, last, other], 5n);
  const asked = [first, other, delivered("unknown", 4)];
  const found = await index.lookUp(partner, asked, 5n);
  assert.equal(
    found.map(({ ended, key }) => [ended, key]),
    [
      [true, { by: last.delivery_id, delivered_at: 3 }],
      [true, { by: other.delivery_id, delivered_at: 2 }],
      [false, undefined],
    ],
  );
});

test("reads no more of the index when it has grown since its statements were prepared", async () => {
  const some = (many: number): Delivered[] => Array.from({ length: many }, (_, n) => delivered(newUuid(), n));
  const few = some(2_000);
  await add(few, 10n);
  for (let n = 0; n < 10; n += 1) await index.lookUp(partner, few.slice(0, 50), 10n);
  await add(some(20_000), 20n);
  const before = await rowsRead();
  const found = await index.lookUp(partner, few.slice(0, 50), 20n);
  const read = (await rowsRead()) - before;
  assert.ok(read <= 200, `${read} rows were read for 50 deliveries`);
  assert.ok(found.every(({ ended, key }, n) => ended && key?.by === few[n]?.delivery_id));
});

test.run();
