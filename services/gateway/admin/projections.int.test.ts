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

test("what a model has passed over is listed page by page", async () => {
  const database = yard.database();
  await prepare(database, leadsModel);
  await database.execute("update projections.checkpoint set skipped = 5 where schema_name = 'leads'");
  await database.execute(
    `insert into projections.skipped select 'leads', n, 'submission-' || n, 0, 'Torn', 'unreadable', '2026-01-01T00:00:00Z'
       from generate_series(1, 3) as n`,
  );
  const path = "/api/projections/leads/skipped";
  const first = await yard.admin("GET", `${path}?limit=2`);
  const torn = (n: number) => ({
    position: `${n}`,
    at: "2026-01-01T00:00:00.000Z",
    stream: `submission-${n}`,
    revision: "0",
    type: "Torn",
    reason: "unreadable",
  });
  const { next_cursor, ...page } = first.body;
  assert.equal(page, { items: [torn(3), torn(2)], not_listed: 2 });
  const last = await yard.admin("GET", `${path}?limit=2&cursor=${next_cursor}`);
  assert.equal(last.body, { items: [torn(1)], not_listed: 2 });
  assert.is((await yard.admin("GET", `${path}?cursor=none`)).status, 400);
  assert.is((await yard.admin("GET", `${path}?limit=201`)).status, 400);
  for (const unknown of ["nothing", "leads_rebuild"]) {
    const { status, body } = await yard.admin("GET", `/api/projections/${unknown}/skipped`);
    assert.is(status, 404);
    assert.ok(body.detail.length >= 30, body.detail);
  }
});

test.run();
