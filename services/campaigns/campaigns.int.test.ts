// Campaigns on real parts: members go through their steps, as a person sees it and as a provider counts it.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CampaignYard, campaignYard } from "../../test/campaigns/yard.ts";
import { type RunningYard, startYard } from "../../test/e2e/yard.ts";
import { until } from "../../test/harness/wait.ts";

const test = suite("campaigns");
let yard: RunningYard;
let campaigns: CampaignYard;

test.before(async () => {
  yard = await startYard("together");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

const people = (count: number, domain: string): { email: string; full_name: string; city: string }[] =>
  Array.from({ length: count }, (_, n) => ({
    email: `p${n}@${domain}`,
    full_name: `Person ${n}`,
    city: n % 2 === 0 ? "Oslo" : "Bergen",
  }));

const is = (field: string, value: string) => ({
  combinator: "and",
  rules: [{ field, operator: "=", value }],
});

test("members are sent to, wait, reply, are analysed, branch and submit", async () => {
  const mails = await campaigns.provider("mails");
  assert.is(
    (await yard.client.admin("PUT", "/api/analysis-services/words", { type: "builtin" })).status,
    200,
  );
  await campaigns.define("spring", {
    name: "Spring",
    concurrency: 50,
    steps: [
      {
        id: "hello",
        type: "send",
        partner: "mails",
        template: { subject: "Hello {{full_name}}", text: "From {{city}}" },
      },
      { id: "listen", type: "wait", for: "3s", on_reply: "sense" },
      { id: "silent", type: "end" },
      { id: "sense", type: "analyze", service: "words" },
      {
        id: "sort",
        type: "branch",
        cases: [{ when: is("sentiment", "positive"), next: "hand-in" }],
        otherwise: "bye",
      },
      {
        id: "hand-in",
        type: "submit",
        kind: "lead",
        fields: { email: "{{email}}", full_name: "{{full_name}}", interest: "{{reply}}" },
      },
      { id: "bye", type: "end" },
    ],
  });
  const added = await campaigns.add("spring", [...people(30, "spring.example"), { email: "no address" }, {}]);
  assert.equal(added, {
    added: 30,
    duplicates: 0,
    invalid: [
      { line: 31, errors: [{ path: "email", message: "is not an e-mail address" }] },
      { line: 32, errors: [{ path: "email", message: "is missing" }] },
    ],
  });
  assert.is((await campaigns.add("spring", people(30, "spring.example"))).duplicates, 30);
  await campaigns.tell("spring", "start");
  await until("all wait", async () => {
    const { counts, pace } = await campaigns.view("spring");
    if (counts.waiting === 30) return true;
    throw new Error(JSON.stringify({ counts, pace }));
  });
  assert.is((await mails.totals()).effects, 30);
  const [request] = await mails.requests();
  const body = JSON.parse(request?.body ?? "{}") as Record<string, string>;
  assert.is(body.subject, `Hello ${body.full_name}`);
  assert.is(body.text, `From ${body.city}`);
  assert.ok((await campaigns.view("spring")).next_due_at);

  const reply = (email: string, message_id: string, text: string) =>
    yard.client.admin<{ duplicate: boolean }>("POST", "/api/campaigns/spring/replies", {
      email,
      message_id,
      text,
    });
  assert.is((await reply("P0@spring.example", "<1>", "Thanks, I love it")).body.duplicate, false);
  assert.is((await reply("p0@spring.example", "<1>", "Thanks, I love it")).body.duplicate, true);
  await reply("p1@spring.example", "<2>", "Stop, this is terrible");
  assert.is((await reply("nobody@spring.example", "<3>", "?")).status, 404);

  const done = await campaigns.becomes("spring", "done");
  assert.is(done.counts.done, 30);
  const entered = Object.fromEntries(done.funnel.map((step) => [step.id, step.entered]));
  assert.equal(entered, { hello: 30, listen: 30, silent: 28, sense: 2, sort: 2, "hand-in": 1, bye: 2 });
  assert.equal(
    (await campaigns.members("spring", "&q=p0@spring.example")).map(({ status, sentiment }) => [
      status,
      sentiment,
    ]),
    [["done", "positive"]],
  );
  const lead = await until("the submission is a lead", async () => {
    const found = await yard.client.admin<{ items: { payload: Record<string, unknown> }[] }>(
      "GET",
      "/api/leads?source=spring",
    );
    return found.body.items[0];
  });
  assert.is(lead.payload.campaign, "spring");
  assert.is(lead.payload.interest, "Thanks, I love it");
  assert.is((await mails.totals()).requests, 30);
});

test("are counted the same when they are built anew from the log", async () => {
  interface Shown {
    readonly name: string;
    readonly rebuilt_at: string | null;
    readonly compared?: { readonly equal: boolean };
  }
  const begun = await yard.client.admin("POST", "/api/projections/campaigns/rebuild");
  assert.is(begun.status, 202);
  const rebuilt = await until("the campaigns are rebuilt", async () => {
    const { body } = await yard.client.admin<Shown[]>("GET", "/api/projections");
    return body.find(({ name, rebuilt_at }) => name === "campaigns" && rebuilt_at !== null);
  });
  assert.is(rebuilt.compared?.equal, true, JSON.stringify(rebuilt.compared));
});

test("are shown to Prometheus: how often members went on, and that nothing is left to do", async () => {
  const figure = async (name: string): Promise<number> => {
    const text = await (await fetch(`${yard.client.url}/metrics`)).text();
    return Number(new RegExp(`^switchyard_${name}\\{campaign="spring"\\} (\\d+)$`, "m").exec(text)?.[1]);
  };
  // Each came to its first step and to its wait, and those who replied to more.
  assert.ok((await figure("campaign_moves_total")) > 60);
  await until("nothing is left to do", async () => (await figure("campaign_has_work")) === 0);
});

test("a campaign that is cancelled takes nobody over any more, also in the middle of an import", async () => {
  await campaigns.define("ended", { name: "Ended", steps: [{ id: "rest", type: "wait", for: "48h" }] });
  await campaigns.tell("ended", "start");
  const begun = await yard.client.admin("POST", "/api/campaigns/ended/import", {
    url: `${yard.simulatorUrl}/crm/customers?total=5000&size=10&slow_ms=100`,
    items_path: "records",
    next_path: "next",
  });
  assert.is(begun.status, 202, JSON.stringify(begun.body));
  await until("some are taken over", async () => ((await campaigns.view("ended")).import?.pages ?? 0) > 2);
  await campaigns.tell("ended", "cancel");
  const { counts, import: imported } = await until("the import has ended", async () => {
    const shown = await campaigns.view("ended");
    return shown.import?.state === "failed" && shown;
  });
  assert.is(imported?.reason, "campaign_cancelled");
  assert.ok(counts.cancelled < 5_000);
  assert.equal([counts.pending, counts.working, counts.waiting], [0, 0, 0]);
});

test("an import whose pages lead back to an earlier one fails instead of going on for ever", async () => {
  const server = createServer(({ url = "" }, response) => {
    const page = Number(url.slice(1));
    const people = [{ email: `p${page}@circle.example` }];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ people, next: `/${page === 5 ? 3 : page + 1}` }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await campaigns.define("circle", { name: "Circle", steps: [{ id: "over", type: "end" }] });
  const { port } = server.address() as AddressInfo;
  const request = { url: `http://127.0.0.1:${port}/1`, items_path: "people", next_path: "next" };
  await yard.client.admin("POST", "/api/campaigns/circle/import", request);
  const imported = await until("the import has ended", async () => {
    const shown = await campaigns.view("circle");
    return shown.import?.state === "failed" && shown.import;
  });
  server.close();
  assert.equal([imported.reason, imported.added], ["next_pages_lead_back", 5]);
});

test.run();
