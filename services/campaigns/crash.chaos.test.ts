// Processes are killed in the middle of a campaign: everybody comes to exactly one end, and the provider counts each send once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CampaignYard, campaignYard } from "../../test/campaigns/yard.ts";
import { type RunningYard, startYard } from "../../test/e2e/yard.ts";
import { until } from "../../test/harness/wait.ts";

const test = suite("killed in the middle of a campaign");
let yard: RunningYard;
let campaigns: CampaignYard;
/** More by CAMPAIGN_MEMBERS, for a longer run by hand. */
const MEMBERS = Number(process.env.CAMPAIGN_MEMBERS ?? 400);

test.before(async () => {
  yard = await startYard("apart");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

test("an import goes on where it was, and no send is doubled or lost", async () => {
  const mails = await campaigns.provider("mails", { limits: { concurrency: 32 } });
  await mails.behave({ behaviour: "slow", delay_ms: 20 });
  await campaigns.define("killed", {
    name: "Killed",
    concurrency: 100,
    steps: [
      { id: "first", type: "send", partner: "mails" },
      { id: "rest", type: "wait", for: "1s" },
      { id: "second", type: "send", partner: "mails" },
    ],
  });
  await campaigns.tell("killed", "start");
  const url = `${yard.simulatorUrl}/crm/customers?total=${MEMBERS}&size=50&limited=2&fails=3&slow_ms=100`;
  const begun = await yard.client.admin("POST", "/api/campaigns/killed/import", {
    url,
    items_path: "records",
    next_path: "next",
  });
  assert.is(begun.status, 202, JSON.stringify(begun.body));
  for (const role of ["campaigns", "partners", "relay", "projections"] as const) {
    const { requests } = await mails.totals();
    await until(
      "more is sent",
      async () => (await mails.totals()).requests > Math.min(requests + 20, 2 * MEMBERS - 1),
    );
    await yard.replace(role);
  }
  const done = await campaigns.becomes("killed", "done", 120_000);
  assert.equal(
    { ...done.counts, failed: done.counts.failed },
    { pending: 0, working: 0, waiting: 0, done: MEMBERS, failed: 0, cancelled: 0 },
  );
  assert.is(done.import?.state, "done");
  assert.is(done.import?.pages, MEMBERS / 50);
  const { ids, effects, max } = await mails.totals();
  assert.equal([ids, effects, max], [2 * MEMBERS, 2 * MEMBERS, 1]);
});

test("the same upload twice at the same moment adds nobody twice", async () => {
  const lines = Array.from({ length: 1_000 }, (_, n) => ({ email: `m${n}@bulk.example` }));
  await campaigns.define("bulk", { name: "Bulk", steps: [{ id: "end", type: "end" }] });
  const [once, again] = await Promise.all([campaigns.add("bulk", lines), campaigns.add("bulk", lines)]);
  assert.is(once.added + again.added, 1_000);
  assert.is(once.duplicates + again.duplicates, 1_000);
});

test.run();
