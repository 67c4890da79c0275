// The demo's campaign on a whole yard: every customer comes to its end, and who replies becomes a lead or hears that we are sorry.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningYard, startYard } from "../../../test/e2e/yard.ts";
import { until } from "../../../test/harness/wait.ts";
import { runCampaign } from "./campaign.ts";
import { wrongWith } from "./campaign-report.ts";

const test = suite("the demo's campaign");
let yard: RunningYard;
test.before(async () => {
  yard = await startYard("together");
});
test.after(() => yard?.stop());

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await yard.client.admin(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

test("ends for everybody, with replies analysed, and shows how far it is", async () => {
  const shown: string[] = [];
  const ran = await runCampaign({
    admin: {
      get: (path) => call("GET", path),
      put: async (path, body) => void (await call("PUT", path, body)),
      post: (path, body) => call("POST", path, body),
    },
    simulatorUrl: yard.simulatorUrl,
    run: "test",
    customers: 60,
    show: (line) => shown.push(line),
  });
  assert.is(wrongWith(ran), undefined);
  assert.equal([ran.replied, ran.view.counts.done], [12, 60]);
  const left = Object.fromEntries(ran.view.funnel.map((step) => [step.id, step.left]));
  assert.equal([left.hello, left.listen], [60, 60]);
  const { remind = 0, sense = 0, sorry = 0, "hand-in": handedIn = 0 } = left;
  // Whose reply comes after the wait was reminded before.
  assert.is(remind + sense, 60);
  assert.ok(sense > 0 && sense <= 12 && sorry + handedIn > 0, JSON.stringify(left));
  assert.match(shown.at(-1) ?? "", /^60 imported, 0 waiting, 12 replied, 60 done; \d/);
  await until("the positive ones are leads", async () => {
    const { items } = (await call("GET", "/api/leads?source=demo-test")) as { items: readonly unknown[] };
    return items.length === handedIn;
  });
});

test.run();
