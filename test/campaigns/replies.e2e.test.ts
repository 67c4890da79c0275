// Replies as a mail system hands them in: by member or by address, once by the message's id, and at the moment when the wait is over.
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningYard, startYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";
import { type CampaignYard, campaignYard, people } from "./yard.ts";

const test = suite("replies to a campaign");
let yard: RunningYard;
let campaigns: CampaignYard;
test.before(async () => {
  yard = await startYard("together");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

/** Who replies is thanked, who does not is reminded. */
const stepsWaiting = (duration: string): object[] => [
  { id: "listen", type: "wait", for: duration, on_reply: "thank" },
  { id: "remind", type: "send", partner: "mails", template: { text: "reminded" }, next: "over" },
  { id: "thank", type: "send", partner: "mails", template: { text: "thanked" }, next: "over" },
  { id: "over", type: "end" },
];

async function waitingIn(name: string, count: number, duration: string): Promise<void> {
  await campaigns.define(name, { name, concurrency: 100, steps: stepsWaiting(duration) });
  await campaigns.add(name, people(name, count));
  await campaigns.tell(name, "start");
  await until("all wait", async () => (await campaigns.view(name)).counts.waiting === count);
}

const enteredIn = async (name: string): Promise<Record<string, number>> =>
  Object.fromEntries((await campaigns.view(name)).funnel.map(({ id, entered }) => [id, entered]));

test("are taken by member or by address, and once by the id of the message", async () => {
  const mails = await campaigns.provider("mails");
  await waitingIn("known", 3, "1h");
  const [first, second] = await campaigns.members("known");
  assert.ok(first && second);
  const message_id = "<1@mail.example>";
  const byId = await campaigns.reply("known", { member_id: first.id, message_id, text: "Yes" });
  assert.equal(byId, { member_id: first.id, duplicate: false });
  const byAddress = await campaigns.reply("known", {
    email: first.email.toUpperCase(),
    message_id,
    text: "Yes",
  });
  assert.equal(byAddress, { member_id: first.id, duplicate: true });
  const other = { email: ` ${second.email} `, message_id: "<2@mail.example>", text: "No" };
  assert.equal(await campaigns.reply("known", other), { member_id: second.id, duplicate: false });
  await until("both are thanked", async () => (await campaigns.view("known")).counts.done === 2);
  // To whom it is all over, another message changes nothing.
  const late = { member_id: first.id, message_id: "<3@mail.example>", text: "And another thing" };
  assert.is((await campaigns.reply("known", late)).duplicate, false);
  const last = { email: "p2@known.example", message_id: "<4@mail.example>", text: "Me too" };
  await campaigns.reply("known", last);
  await campaigns.becomes("known", "done");
  assert.equal(await enteredIn("known"), { listen: 3, remind: 0, thank: 3, over: 3 });
  const { requests, ids } = await mails.totals();
  assert.equal([requests, ids], [3, 3]);
});

test("that are neither to a member nor to one alone are refused", async () => {
  const path = "/api/campaigns/known/replies";
  const refused = async (body: object): Promise<number> =>
    (await yard.client.admin("POST", path, { message_id: "<5@mail.example>", text: "Hi", ...body })).status;
  const [first] = await campaigns.members("known");
  assert.is(await refused({ email: "stranger@known.example" }), 404);
  assert.is(await refused({ email: "no address" }), 422);
  assert.is(await refused({}), 422);
  assert.is(await refused({ member_id: first?.id, email: first?.email }), 422);
  // None of them has used the message's id up.
  const taken = { email: "p0@known.example", message_id: "<5@mail.example>", text: "Hi" };
  assert.is((await campaigns.reply("known", taken)).duplicate, false);
});

const RACING = 80;
/** Before and after the moment. */
const AROUND_MS = 300;

test("at the same moment as the time-out give one of the two, never both", async () => {
  const mails = await campaigns.provider("mails");
  await waitingIn("racing", RACING, "5s");
  const before = await mails.totals();
  const members = await campaigns.members("racing");
  assert.is(members.length, RACING);
  await Promise.all(
    members.map(async ({ email, due_at }, n) => {
      const at = Date.parse(due_at ?? "") + AROUND_MS * ((2 * n) / RACING - 1);
      await pause(Math.max(0, at - Date.now()));
      await campaigns.reply("racing", { email, message_id: email, text: "Just in time" });
    }),
  );
  const done = await campaigns.becomes("racing", "done");
  assert.is(done.counts.done, RACING);
  const { listen, remind = 0, thank = 0 } = await enteredIn("racing");
  assert.equal([listen, remind + thank], [RACING, RACING]);
  assert.ok(remind > 0 && thank > 0, `${remind} were reminded, ${thank} thanked: there was no race`);
  const { requests, ids, max } = await mails.totals();
  assert.equal([requests - before.requests, ids - before.ids, max], [RACING, RACING, 1]);
});

test.run();
