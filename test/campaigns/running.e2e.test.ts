// What people do about a campaign that runs: quiet hours that begin, steps that change, a read model that is built anew.
import { Client } from "pg";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningYard, startYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";
import { type CampaignYard, campaignYard, people } from "./yard.ts";

const test = suite("a campaign that runs");
let yard: RunningYard;
let campaigns: CampaignYard;
test.before(async () => {
  yard = await startYard("together");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

const sendTo = (partner: string, id = "send") => ({ id, type: "send", partner });

const HOUR_MS = 3_600_000;
const ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const timeOf = (at: number): string => new Date(at).toISOString().slice(11, 16);

/** From an hour ago for two hours more. */
function quietNow(): { readonly quiet: object; readonly until: string } {
  const end = Math.floor(Date.now() / 60_000) * 60_000 + 2 * HOUR_MS;
  const hours = [{ days: ALL_DAYS, from: timeOf(Date.now() - HOUR_MS), to: timeOf(end) }];
  return { quiet: { time_zone: "UTC", hours }, until: new Date(end).toISOString() };
}

test("sends nothing in its quiet hours, says until when, and goes on after them", async () => {
  const mails = await campaigns.provider("quietly");
  const others = await campaigns.provider("others");
  const steps = [{ id: "rest", type: "wait", for: "1s" }, sendTo("quietly")];
  const { quiet, until: end } = quietNow();
  await campaigns.define("quiet", { name: "Quiet", quiet, steps });
  await campaigns.add("quiet", people("quiet", 5));
  await campaigns.tell("quiet", "start");
  // Waits are over also in quiet hours.
  const { counts, pace } = await until("all have come to the send", async () => {
    const shown = await campaigns.view("quiet");
    return shown.funnel.find(({ id }) => id === "rest")?.left === 5 && shown;
  });
  assert.equal([counts.pending, counts.working], [5, 0]);
  assert.equal([pace?.limited_by, pace?.until], ["quiet_hours", end]);
  // Another one's quiet hours are not everybody's; by then this one would have sent, too.
  await campaigns.define("loud", { name: "Loud", steps: [sendTo("others")] });
  await campaigns.add("loud", people("loud", 5));
  await campaigns.tell("loud", "start");
  await campaigns.becomes("loud", "done");
  assert.equal([(await others.totals()).effects, (await mails.totals()).requests], [5, 0]);

  await campaigns.define("quiet", { name: "Quiet", steps });
  await campaigns.becomes("quiet", "done");
  const { requests, effects } = await mails.totals();
  assert.equal([requests, effects], [5, 5]);
});

test("stops within a second when its quiet hours begin, also what is on its way", async () => {
  const slow = await campaigns.provider("slow", { limits: { concurrency: 2 } });
  await slow.behave({ behaviour: "slow", delay_ms: 100 });
  const settings = { name: "Evening", concurrency: 40, steps: [sendTo("slow")] };
  await campaigns.define("evening", settings);
  await campaigns.add("evening", people("evening", 60));
  await campaigns.tell("evening", "start");
  await until("some are sent", async () => (await slow.totals()).requests > 5);
  const { quiet } = quietNow();
  await campaigns.define("evening", { ...settings, quiet });
  const began = Date.now();
  await until("nothing is under way", async () => {
    const { in_flight, last_at } = await slow.totals();
    return in_flight === 0 && Date.now() - Date.parse(last_at) > 1_500;
  });
  const last = await slow.totals();
  assert.ok(last.requests < 60, `${last.requests} are sent`);
  assert.ok(Date.parse(last.last_at) < began + 1_000, `${Date.parse(last.last_at) - began} ms after`);
  assert.is((await campaigns.view("evening")).pace?.limited_by, "quiet_hours");
});

/** As Prometheus is shown it; undefined where nobody shows it. */
async function hasWork(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${yard.client.url}/metrics`)).text();
  return new RegExp(`^switchyard_campaign_has_work\\{campaign="${name}"\\} (\\d)$`, "m").exec(text)?.[1];
}

test("has nothing to do while all wait for a partner to open, but has where somebody has paused that", async () => {
  await campaigns.provider("daily");
  const tell = (verb: string) => yard.client.admin("POST", `/api/partners/daily/${verb}`, {});
  assert.is((await tell("pause")).status, 200);
  await campaigns.define("held", { name: "Held", steps: [sendTo("daily")] });
  await campaigns.add("held", people("held", 2));
  await campaigns.tell("held", "start");
  await until("both are at work", async () => (await campaigns.view("held")).counts.working === 2);
  await until("it is said to have work", async () => (await hasWork("held")) === "1");
  const hours = {
    days: ALL_DAYS,
    from: timeOf(Date.now() + 2 * HOUR_MS),
    to: timeOf(Date.now() + 3 * HOUR_MS),
  };
  await campaigns.provider("daily", { schedule: { time_zone: "UTC", open: [hours] } });
  assert.is((await tell("resume")).status, 200);
  await until("it is said to have none", async () => (await hasWork("held")) === "0");
  assert.is((await campaigns.view("held")).counts.working, 2);
});

const listening = (id: string, onReply: string, text: string): object[] => [
  { id, type: "wait", for: "48h", on_reply: onReply },
  { id: "silent", type: "end" },
  { id: onReply, type: "send", partner: "answers", template: { text } },
];

test("takes those who wait over into the changed steps, where it is told to", async () => {
  const answers = await campaigns.provider("answers");
  const before = { name: "Changed", steps: listening("listen", "old-way", "the old way") };
  for (const name of ["migrated", "kept"]) {
    await campaigns.define(name, before);
    await campaigns.add(name, people(name, 3));
    await campaigns.tell(name, "start");
    await until("all wait", async () => (await campaigns.view(name)).counts.waiting === 3);
  }
  const changed = { name: "Changed", steps: listening("nap", "new-way", "the new way") };
  await campaigns.define("migrated", { ...changed, migrate: { listen: "nap", "old-way": "new-way" } });
  await campaigns.define("kept", changed);
  const due = async (name: string) =>
    (await campaigns.members(name)).map(({ step, due_at }) => [step, due_at]);
  const kept = await due("kept");
  const migrated = await until("all are in the new step", async () => {
    const all = await due("migrated");
    return all.every(([step]) => step === "nap") && all;
  });
  assert.equal([...new Set(kept.map(([step]) => step))], ["listen"]);
  assert.ok(migrated.every(([, at]) => Date.parse(at ?? "") > Date.now() + 47 * HOUR_MS));
  const { funnel } = await campaigns.view("migrated");
  assert.equal(
    funnel.map(({ id, entered, waiting }) => [id, entered, waiting]).filter(([, entered]) => entered !== 0),
    [["nap", 3, 3]],
  );
  // Who comes later begins with the changed steps in either.
  for (const name of ["migrated", "kept"]) {
    await campaigns.add(name, [{ email: `late@${name}.example` }]);
    await until("the late one waits", async () => (await campaigns.view(name)).counts.waiting === 4);
    for (const { email } of [...people(name, 3), { email: `late@${name}.example` }])
      await campaigns.reply(name, { email, message_id: email, text: "Yes" });
    await campaigns.becomes(name, "done");
  }
  const said = (await answers.requests()).map(({ body }) => {
    const { email, text } = JSON.parse(body) as { readonly email: string; readonly text: string };
    return `${email} ${text}`;
  });
  const newWay = [
    ...people("migrated", 3),
    { email: "late@migrated.example" },
    { email: "late@kept.example" },
  ];
  assert.equal(
    said.sort(),
    [
      ...newWay.map(({ email }) => `${email} the new way`),
      ...people("kept", 3).map(({ email }) => `${email} the old way`),
    ].sort(),
  );
});

interface Rebuilt {
  readonly name: string;
  readonly rebuilt_at: string | null;
  readonly rebuilding?: object;
  readonly compared?: {
    readonly equal: boolean;
    readonly tables: readonly { readonly table: string; readonly rows: number }[];
  };
}

async function rebuilt(): Promise<Rebuilt> {
  const read = async (): Promise<Rebuilt | undefined> =>
    (await yard.client.admin<Rebuilt[]>("GET", "/api/projections")).body.find(
      ({ name }) => name === "campaigns",
    );
  const before = await read();
  assert.is((await yard.client.admin("POST", "/api/projections/campaigns/rebuild", {})).status, 202);
  return until("the rebuilt read model is swapped in", async () => {
    const now = await read();
    return now?.rebuilding === undefined && now?.rebuilt_at !== before?.rebuilt_at && now;
  });
}

/** A hash of each table, whatever the order of its rows. */
async function hashes(): Promise<unknown[]> {
  const client = new Client({ connectionString: yard.postgres.url });
  await client.connect();
  try {
    const names = ["member", "status_count", "step_count", "import"];
    const hashed = names.map(
      (name) =>
        `select '${name}', count(*)::int, md5(string_agg(r::text, ',' order by r::text)) from campaigns.${name} r`,
    );
    return (await client.query({ text: hashed.join(" union all "), rowMode: "array" })).rows;
  } finally {
    await client.end();
  }
}

const MEMBERS = 300;

test("has the same rows after its read model was built anew in the middle", async () => {
  const steady = await campaigns.provider("steady", { limits: { concurrency: 8 } });
  await steady.behave({ behaviour: "slow", delay_ms: 50 });
  const steps = [sendTo("steady"), { id: "rest", type: "wait", for: "1s" }, sendTo("steady", "again")];
  await campaigns.define("rebuilt", { name: "Rebuilt", concurrency: 50, steps });
  await campaigns.add("rebuilt", people("rebuilt", MEMBERS));
  await campaigns.tell("rebuilt", "start");
  await until("some are sent", async () => (await steady.totals()).effects > 30);
  const { compared } = await rebuilt();
  const { counts } = await campaigns.view("rebuilt");
  assert.ok(counts.done < MEMBERS, "the campaign still runs");
  assert.ok(compared?.equal, JSON.stringify(compared));
  const done = await campaigns.becomes("rebuilt", "done");
  assert.is(done.counts.done, MEMBERS);
  assert.equal(
    done.funnel.map(({ id, entered, left }) => [id, entered, left]),
    ["send", "rest", "again"].map((id) => [id, MEMBERS, MEMBERS]),
  );
  const before = await hashes();
  assert.ok((await rebuilt()).compared?.equal);
  assert.equal(await hashes(), before);
});

test("has a member fail at once whose mailbox the mail server does not know, and sends to all others", async () => {
  const smtp_url = ((await (await fetch(`${yard.simulatorUrl}/smtp`)).json()) as { url: string }).url;
  const delivery = { type: "email", to: "{{email}}", smtp_url };
  await campaigns.provider("post", { delivery });
  const gone = campaigns.simulated("gone");
  await gone.behave({ behaviour: "rejecting", reason: "no such mailbox" });
  await campaigns.define("letters", { name: "Letters", steps: [sendTo("post")] });
  await campaigns.add(
    "letters",
    ["gone", "here", "there"].map((name) => ({ email: `${name}@letters.example` })),
  );
  await campaigns.tell("letters", "start");
  await campaigns.becomes("letters", "done");
  assert.equal(
    (await campaigns.members("letters")).map(({ email, status, attempts }) => [email, status, attempts]),
    [
      ["gone@letters.example", "failed", 1],
      ["here@letters.example", "done", undefined],
      ["there@letters.example", "done", undefined],
    ],
  );
  assert.is((await gone.totals()).requests, 1);
  const { body } = await yard.client.admin<{ items: { campaign: string }[] }>(
    "GET",
    "/api/dlq?stage=campaign",
  );
  assert.not.ok(body.items.some(({ campaign }) => campaign === "letters"));
});

test.run();
