// Which rows the counts have must not depend on which events come in one batch.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CampaignId } from "#domain/ids.ts";
import { connectDatabase } from "#platform/database.ts";
import { createLog } from "#platform/log.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import type { Target } from "../projection.ts";
import { Differences } from "./counts.ts";
import type { MemberRow } from "./member.ts";

const test = suite("counts of a campaign");
const postgres = await startPostgres();
const database = connectDatabase({
  url: postgres.url,
  log: createLog({ level: "silent", name: "test", instance: "test" }),
});
test.after(async () => {
  await database.close();
  await postgres.stop();
});

const campaign = CampaignId.parse("spring");
const at = (status: MemberRow["status"], step: string | null): MemberRow =>
  ({ campaign, status, step }) as MemberRow;
const PATH = [at("pending", null), at("working", "hello"), at("waiting", "listen"), at("done", null)];

/** The counts after members have gone that far, where so many steps of each come in one batch. */
async function countsOf(lengths: readonly number[], batch: number): Promise<unknown> {
  const schema = `counts_${lengths.length}_${batch}`;
  await database.execute(`create schema ${schema}`);
  await database.execute(
    `create table ${schema}.status_count (campaign text, status text, members bigint, primary key (campaign, status))`,
  );
  await database.execute(
    `create table ${schema}.step_count (campaign text, step text, left_by bigint, failed bigint, waiting bigint,
      working bigint, primary key (campaign, step))`,
  );
  const target: Target = {
    schema,
    onSkipped: () => undefined,
    query: (sql, params) => database.query(sql, params),
    execute: (sql, params) => database.execute(sql, params),
  };
  for (let from = 0; from < PATH.length; from += batch) {
    const differences = new Differences();
    for (const length of lengths)
      for (let n = from; n < Math.min(from + batch, length); n += 1) {
        const next = PATH[n];
        if (next !== undefined) differences.moved(PATH[n - 1], next);
      }
    await differences.add(target);
  }
  return [
    await database.query(`select status, members from ${schema}.status_count order by status`),
    await database.query(`select * from ${schema}.step_count order by step`),
  ];
}

test("have the same rows, however their events came together", async () => {
  for (const lengths of [[4], [4, 3], [4, 3, 2, 1]]) {
    const one = await countsOf(lengths, 1);
    for (const batch of [2, 3, 4])
      assert.equal(await countsOf(lengths, batch), one, `${lengths} by ${batch}`);
  }
});

test.run();
