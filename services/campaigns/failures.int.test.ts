// What goes wrong in campaigns, and what people do about it: providers that fail, services that fail, pauses, cancels, forgetting.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CampaignYard, campaignYard } from "../../test/campaigns/yard.ts";
import { type RunningYard, startYard } from "../../test/e2e/yard.ts";
import { until } from "../../test/harness/wait.ts";

const test = suite("campaigns where something fails");
let yard: RunningYard;
let campaigns: CampaignYard;

test.before(async () => {
  yard = await startYard("together");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

const people = (count: number, domain: string): { email: string }[] =>
  Array.from({ length: count }, (_, n) => ({ email: `p${n}@${domain}` }));
const sendTo = (partner: string) => ({ id: "send", type: "send", partner });

test("a send that fails for a while is tried again, and effective once", async () => {
  const flaky = await campaigns.provider("flaky");
  await flaky.behave({ behaviour: "failing", rate: 0.5 });
  await campaigns.define("tried", { name: "Tried", concurrency: 20, steps: [sendTo("flaky")] });
  await campaigns.add("tried", people(20, "tried.example"));
  await campaigns.tell("tried", "start");
  const { counts } = await campaigns.becomes("tried", "done");
  const { effects, max, requests } = await flaky.totals();
  assert.is(max, 1);
  assert.is(effects, counts.done);
  assert.ok(requests > 20, `${requests} requests`);
});

test("an address that is refused fails the member at once, and is no dead letter", async () => {
  const strict = await campaigns.provider("strict");
  await strict.behave({ behaviour: "rejecting", status: 422 });
  await campaigns.define("refused", { name: "Refused", steps: [sendTo("strict")] });
  await campaigns.add("refused", people(1, "refused.example"));
  await campaigns.tell("refused", "start");
  await campaigns.becomes("refused", "done");
  const [member] = await campaigns.members("refused", "&status=failed");
  assert.is(member?.reason, "http_422");
  assert.is((await strict.totals()).requests, 1);
  const letters = await yard.client.admin<{ items: { id: string }[] }>("GET", "/api/dlq?stage=campaign");
  assert.not.ok(letters.body.items.some(({ id }) => id === member?.id));
});

test("a send whose tries are used up is a dead letter, and goes on when it is redriven", async () => {
  const down = await campaigns.provider("down");
  await down.behave({ behaviour: "failing", rate: 1 });
  await campaigns.define("dead", { name: "Dead", steps: [sendTo("down")] });
  await campaigns.add("dead", people(3, "dead.example"));
  await campaigns.tell("dead", "start");
  await campaigns.becomes("dead", "done");
  const letters = await until("the members are dead letters", async () => {
    const { body } = await yard.client.admin<{ items: { campaign: string; payload: { email: string } }[] }>(
      "GET",
      "/api/dlq?stage=campaign",
    );
    const own = body.items.filter(({ campaign }) => campaign === "dead");
    return own.length === 3 ? own : undefined;
  });
  assert.equal(
    letters.map(({ payload }) => payload.email).sort(),
    people(3, "dead.example").map((one) => one.email),
  );
  await down.behave({});
  const moved = await yard.client.admin("POST", "/api/dlq/redrive", { stage: "campaign" });
  assert.is(moved.body.count, 3);
  await until("all are done", async () => (await campaigns.view("dead")).counts.done === 3);
  const totals = await down.totals();
  assert.is(totals.effects, 3);
  assert.is(totals.ids, 3);
});

test("a paused campaign calls nobody any more, and loses nothing", async () => {
  const slow = await campaigns.provider("slow", { limits: { concurrency: 4 } });
  await slow.behave({ behaviour: "slow", delay_ms: 100 });
  await campaigns.define("paused", { name: "Paused", concurrency: 40, steps: [sendTo("slow")] });
  await campaigns.add("paused", people(100, "paused.example"));
  await campaigns.tell("paused", "start");
  await until("some are sent", async () => (await slow.totals()).requests > 8);
  await campaigns.tell("paused", "pause");
  const paused = Date.now();
  await until("the calls have ended", async () => (await slow.totals()).in_flight === 0);
  await campaigns.becomes("paused", "paused");
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const last = await slow.totals();
  assert.ok(
    Date.parse(last.last_at) < paused + 1_000,
    `${Date.parse(last.last_at) - paused} ms after the pause`,
  );
  assert.ok(last.requests < 100);
  await campaigns.tell("paused", "resume");
  await campaigns.becomes("paused", "done");
  const { effects, max, max_in_flight } = await slow.totals();
  assert.equal([effects, max], [100, 1]);
  assert.ok(max_in_flight <= 4);
});

test("no more are worked on at once than its concurrency, and no more are sent a second than its rate", async () => {
  const counted = await campaigns.provider("counted", { limits: { concurrency: 100 } });
  await counted.behave({ behaviour: "slow", delay_ms: 50 });
  await campaigns.define("narrow", { name: "Narrow", concurrency: 3, steps: [sendTo("counted")] });
  await campaigns.add("narrow", people(12, "narrow.example"));
  await campaigns.tell("narrow", "start");
  await campaigns.becomes("narrow", "done");
  const { max_in_flight } = await counted.totals();
  assert.ok(max_in_flight <= 3, `${max_in_flight} at once`);

  const metered = await campaigns.provider("metered", { limits: { concurrency: 100 } });
  const rated = { name: "Rated", concurrency: 100, rate: { per_second: 20 }, steps: [sendTo("metered")] };
  await campaigns.define("rated", rated);
  await campaigns.add("rated", people(60, "rated.example"));
  await campaigns.tell("rated", "start");
  await until("the rate binds", async () => (await campaigns.view("rated")).pace?.limited_by === "rate");
  await campaigns.becomes("rated", "done");
  const { first_at, last_at } = await metered.totals();
  // A tenth of a second's worth may begin at once.
  assert.ok(
    Date.parse(last_at) - Date.parse(first_at) >= 2_700,
    `${Date.parse(last_at) - Date.parse(first_at)} ms`,
  );
});

test("an analysis service that fails makes dead letters with its reason", async () => {
  await campaigns.provider("any");
  const url = `${yard.simulatorUrl}/partners/analysis`;
  const service = { type: "http", url, timeout_ms: 500, retry: { max_attempts: 2, base_ms: 10 } };
  assert.is((await yard.client.admin("PUT", "/api/analysis-services/wrong", service)).status, 200);
  await campaigns.define("unheard", {
    name: "Unheard",
    steps: [
      { id: "listen", type: "wait", for: "60s", on_reply: "sense" },
      { id: "over", type: "end" },
      { id: "sense", type: "analyze", service: "wrong" },
    ],
  });
  await campaigns.add("unheard", people(2, "unheard.example"));
  await campaigns.tell("unheard", "start");
  await until("they wait", async () => (await campaigns.view("unheard")).counts.waiting === 2);
  for (const { email } of people(2, "unheard.example"))
    await yard.client.admin("POST", "/api/campaigns/unheard/replies", {
      email,
      message_id: email,
      text: "yes",
    });
  await campaigns.becomes("unheard", "done");
  const failed = await campaigns.members("unheard", "&status=failed");
  assert.equal(
    failed.map(({ reason, step }) => [reason, step]),
    [
      ["answered_with_no_sentiment", "sense"],
      ["answered_with_no_sentiment", "sense"],
    ],
  );
});

test("a cancelled campaign ends everybody, and takes nobody any more", async () => {
  await campaigns.define("ended", { name: "Ended", steps: [{ id: "rest", type: "wait", for: "48h" }] });
  await campaigns.add("ended", people(5, "ended.example"));
  await campaigns.tell("ended", "start");
  await until("they wait", async () => (await campaigns.view("ended")).counts.waiting === 5);
  await campaigns.tell("ended", "cancel");
  await until("all are cancelled", async () => (await campaigns.view("ended")).counts.cancelled === 5);
  const { funnel } = await campaigns.view("ended");
  assert.equal(funnel, [{ id: "rest", entered: 5, left: 5, failed: 0, waiting: 0, working: 0 }]);
  const more = await yard.client.lines("/api/campaigns/ended/members", '{"email":"late@ended.example"}');
  assert.is(more.status, 409);
});

test("whoever is forgotten is forgotten as a member too", async () => {
  const mails = await campaigns.provider("mails");
  await campaigns.define("known", {
    name: "Known",
    steps: [{ id: "rest", type: "wait", for: "4s" }, sendTo("mails")],
  });
  await campaigns.add("known", [
    { email: "ada@known.example", full_name: "Ada" },
    { email: "bob@known.example" },
  ]);
  const id = await yard.client.submitUntilAccepted({ email: "Ada@known.example", full_name: "Ada" });
  const person = await until("the person is known", async () => (await yard.client.lead(id)).person_id);
  await until("and can be forgotten", async () => {
    const { status } = await yard.client.admin("GET", `/api/identities/${person}`);
    return status === 200;
  });
  await campaigns.tell("known", "start");
  assert.is((await yard.client.admin("DELETE", `/api/identities/${person}`)).status, 200);
  await campaigns.becomes("known", "done");
  const members = await campaigns.members("known");
  assert.equal(
    members.map(({ email, status, reason }) => [email, status, reason]),
    [
      [null, "failed", "forgotten"],
      ["bob@known.example", "done", undefined],
    ],
  );
  assert.is((await mails.totals()).requests, 1);
});

test("a campaign that can't run is refused with what is wrong where", async () => {
  const { status, body } = await yard.client.admin<{ errors: { path: string }[] }>(
    "PUT",
    "/api/campaigns/wrong",
    {
      name: "Wrong",
      steps: [
        { id: "a", type: "send", partner: "nobody", next: "nowhere" },
        { id: "b", type: "wait", for: "1s" },
      ],
    },
  );
  assert.is(status, 422);
  assert.equal(
    body.errors.map(({ path }) => path),
    ["steps.0.next", "steps.0.partner"],
  );
});

test.run();
