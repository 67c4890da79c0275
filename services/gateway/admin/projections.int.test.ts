import * as assert from "uvu/assert";
import { prepare } from "#projections/checkpoint.ts";
import { leadsModel } from "#projections/leads/projection.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("progress of projections");

test("a rebuild under way says how far it has come, and how far it has to go", async () => {
  const database = yard.database();
  await prepare(database, leadsModel);
  await prepare(database, leadsModel, "leads_rebuild");
  await database.execute(
    "update projections.checkpoint set position = 1 where schema_name = 'leads_rebuild'",
  );
  const head = await yard.eventStore().head();
  assert.ok(head > 1n);
  const { body } = await yard.admin("GET", "/api/projections");
  const [leads] = body.filter(({ name }: { name: string }) => name.startsWith("leads"));
  assert.equal(leads.rebuilding, { position: "1", of: `${head}`, events_per_second: 0 });
  assert.is(body.length, 1);
});

test.run();
