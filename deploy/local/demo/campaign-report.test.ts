import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ran } from "./campaign.ts";
import { campaignReport, wrongWith } from "./campaign-report.ts";

const test = suite("The report of the demo's campaign");

const step = (id: string, left: number) => ({ id, entered: left, left, failed: 0, waiting: 0, working: 0 });
const ran: Ran = {
  customers: 10,
  replied: 3,
  seconds: 4,
  view: {
    status: "done",
    counts: { pending: 0, working: 0, waiting: 0, done: 10, failed: 0, cancelled: 0 },
    funnel: [step("hello", 10), step("listen", 10), step("remind", 8), step("sense", 2), step("sorry", 1)],
  },
  provider: { effects: 19, ids: 19 },
};
const counted = (effects: number, ids = effects): Ran => ({ ...ran, provider: { effects, ids } });

test("has a row for each step, and how fast it went", () => {
  const rows = campaignReport(ran).split("\n");
  assert.match(rows[0] ?? "", /^step +entered +left +failed +waiting +working$/);
  assert.match(rows[2] ?? "", /^hello +10 +10 +0 +0 +0$/);
  assert.match(
    rows.at(-1) ?? "",
    /^10 customers in 4\.0 s, 3 a second; 3 replied, 2 of them within the wait; 19 mails/,
  );
});

test("says what is wrong: who came to no end, and mails that are missing or were sent twice", () => {
  assert.is(wrongWith(ran), undefined);
  const counts = { ...ran.view.counts, done: 8, waiting: 2 };
  assert.match(wrongWith({ ...ran, view: { ...ran.view, counts } }) ?? "", "2 customers came to no end");
  assert.match(wrongWith(counted(18)) ?? "", "has 18 mails, and the campaign has sent 19");
  assert.match(wrongWith(counted(20, 19)) ?? "", "1 mails were sent more than once");
});

test.run();
