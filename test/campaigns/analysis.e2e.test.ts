// An analysis service that is slow, fails or hangs: who has replied waits for it, is asked about again, or becomes a dead letter.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningYard, startYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";
import { type CampaignYard, campaignYard, people } from "./yard.ts";

const test = suite("an analysis service");
let yard: RunningYard;
let campaigns: CampaignYard;
test.before(async () => {
  yard = await startYard("together");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

/** Whose reply sounds positive comes to the end "glad". */
const stepsAsking = (service: string): object[] => [
  { id: "listen", type: "wait", for: "1h", on_reply: "sense" },
  { id: "silent", type: "end" },
  { id: "sense", type: "analyze", service },
  {
    id: "sort",
    type: "branch",
    cases: [
      {
        when: { combinator: "and", rules: [{ field: "sentiment", operator: "=", value: "positive" }] },
        next: "glad",
      },
    ],
    otherwise: "other",
  },
  { id: "glad", type: "wait", for: "0s", next: "over" },
  { id: "other", type: "end" },
  { id: "over", type: "end" },
];

/** All of a campaign of this name have replied, and are asked about at the service of the same name. */
async function allReply(name: string, count: number): Promise<void> {
  await campaigns.define(name, { name, concurrency: 50, steps: stepsAsking(name) });
  const all = people(name, count);
  await campaigns.add(name, all);
  await campaigns.tell(name, "start");
  await until("all wait", async () => (await campaigns.view(name)).counts.waiting === count);
  const said = all.map(({ email }) => campaigns.reply(name, { email, message_id: email, text: "Well" }));
  await Promise.all(said);
}

const stepIn = async (name: string, step: string) =>
  (await campaigns.view(name)).funnel.find(({ id }) => id === step);
const gladIn = async (name: string): Promise<number | undefined> => (await stepIn(name, "glad"))?.left;

test("that takes two seconds is asked about no more at once than it allows, and about everybody once", async () => {
  const slow = await campaigns.analysis("slow", { concurrency: 3 });
  await slow.behave({ behaviour: "slow", sentiment: "positive" });
  await allReply("slow", 6);
  await until("it is asked", async () => (await slow.totals()).in_flight === 3);
  await until("all are at work", async () => (await stepIn("slow", "sense"))?.working === 6);
  const { counts } = await campaigns.becomes("slow", "done");
  assert.equal([counts.done, await gladIn("slow")], [6, 6]);
  const { requests, effects, max_in_flight, first_at, last_at } = await slow.totals();
  assert.equal([requests, effects, max_in_flight], [6, 6, 3]);
  assert.ok(Date.parse(last_at) - Date.parse(first_at) >= 1_900, "the others waited for the first");
});

test("that fails is asked again, under the same key", async () => {
  const flaky = await campaigns.analysis("flaky", { retry: { max_attempts: 3, base_ms: 10 } });
  await flaky.behave({ behaviour: "fails_then_well", times: 2, sentiment: "positive" });
  await allReply("flaky", 4);
  await campaigns.becomes("flaky", "done");
  assert.is(await gladIn("flaky"), 4);
  const { requests, ids, effects } = await flaky.totals();
  assert.equal([requests, ids, effects], [12, 4, 4]);
});

test("that goes on failing makes dead letters of the stage campaign, which go on when they are redriven", async () => {
  const down = await campaigns.analysis("down", { retry: { max_attempts: 2, base_ms: 10 } });
  await down.behave({ behaviour: "failing", rate: 1 });
  await allReply("down", 3);
  await campaigns.becomes("down", "done");
  const failed = await campaigns.members("down", "&status=failed");
  assert.equal(
    failed.map(({ step, reason, attempts }) => [step, reason, attempts]),
    Array(3).fill(["sense", "http_503", 2]),
  );
  const letters = await until("they are dead letters", async () => {
    const { body } = await yard.client.admin<{ items: { campaign: string; reason: string }[] }>(
      "GET",
      "/api/dlq?stage=campaign",
    );
    const own = body.items.filter(({ campaign }) => campaign === "down");
    return own.length === 3 && own;
  });
  assert.equal([...new Set(letters.map(({ reason }) => reason))], ["http_503"]);
  await down.behave({ sentiment: "positive" });
  assert.is((await yard.client.admin("POST", "/api/dlq/redrive", { stage: "campaign" })).body.count, 3);
  await until("all are done", async () => (await campaigns.view("down")).counts.done === 3);
  assert.is(await gladIn("down"), 3);
  assert.is((await down.totals()).effects, 3);
});

test("that hangs is given up after its time", async () => {
  const silent = await campaigns.analysis("silent", {
    timeout_ms: 300,
    retry: { max_attempts: 2, base_ms: 10 },
  });
  await silent.behave({ behaviour: "hanging" });
  await allReply("silent", 2);
  await campaigns.becomes("silent", "done");
  const failed = await campaigns.members("silent", "&status=failed");
  assert.equal(
    failed.map(({ reason, attempts }) => [reason, attempts]),
    Array(2).fill(["timeout", 2]),
  );
  assert.is((await silent.totals()).requests, 4);
});

test("that hangs holds up nobody who is asked about elsewhere, and nobody once the campaign is cancelled", async () => {
  const hanging = await campaigns.analysis("hanging", { timeout_ms: 30_000, concurrency: 2 });
  await hanging.behave({ behaviour: "hanging" });
  const well = await campaigns.analysis("well");
  await well.behave({ sentiment: "negative" });
  await allReply("hanging", 3);
  await until("it hangs", async () => (await hanging.totals()).in_flight === 2);
  await allReply("well", 5);
  assert.is((await campaigns.becomes("well", "done")).counts.done, 5);
  assert.is(await gladIn("well"), 0);
  // The same two calls as before: nobody had to wait until they were given up.
  assert.is((await hanging.totals()).requests, 2);
  await campaigns.tell("hanging", "cancel");
  await until("all are cancelled", async () => (await campaigns.view("hanging")).counts.cancelled === 3);
});

test.run();
