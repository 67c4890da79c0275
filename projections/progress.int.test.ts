import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { BusError } from "#platform/bus/bus.ts";
import { startTestYard, type TestYard } from "../test/leads/yard.ts";
import { prepare, reportLag } from "./checkpoint.ts";
import { createProgressQueries, rebuildSubject, requestRebuild } from "./progress.ts";

const test = suite("how far a read model is");
const MODEL = { name: "slow", version: 1, tables: ["create table row (id int)"] } as const;
let yard: TestYard;
test.before(async () => {
  yard = await startTestYard();
});
test.after(() => yard.stop());

const progress = async () => {
  const parts = { database: yard.own.database(), eventStore: yard.own.eventStore() };
  const slow = (await createProgressQueries(parts).list()).find(({ name }) => name === MODEL.name);
  assert.ok(slow);
  return { lag: slow.lag, behind: Number((await yard.own.eventStore().head()) - BigInt(slow.position)) };
};

test("what came after its last report counts, and what it has taken in since does not", async () => {
  const [database, eventStore] = [yard.own.database(), yard.own.eventStore()];
  await prepare(database, MODEL);
  const at = async (position: bigint): Promise<void> =>
    void (await database.query("update projections.checkpoint set position = $1 where schema_name = $2", [
      position,
      MODEL.name,
    ]));
  await yard.receive({ email: "one@example.com" });
  const head = await eventStore.head();
  await at(head);
  await reportLag(database, MODEL.name, { lag: 0, head });
  assert.equal(await progress(), { lag: 0, behind: 0 });

  for (const name of ["two", "three", "four"]) await yard.receive({ email: `${name}@example.com` });
  const after = await progress();
  assert.ok(after.behind >= 3);
  assert.is(after.lag, after.behind);

  await at(await eventStore.head());
  assert.equal(await progress(), { lag: 0, behind: 0 });
});

test("is rebuilt by whoever answers, where the first who is asked is gone", async () => {
  const bus = await yard.own.bus();
  const asked: string[] = [];
  const gone = await bus.serve(rebuildSubject(MODEL.name), "projections", () => {
    asked.push("one");
    return asked.length > 1 ? Promise.resolve(new Uint8Array()) : new Promise(() => undefined);
  });
  await requestRebuild(bus, MODEL.name);
  assert.is(asked.length, 2);
  void gone.close();
  const nobody = await requestRebuild(bus, "nothing").catch((error: BusError) => error.reason);
  assert.is(nobody, "no_responders");
});

test.run();
