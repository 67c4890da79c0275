// Dead letters by cause on the screen: counted over everything, filtered, redriven, and held on the way.
import * as assert from "uvu/assert";
import { behave, configurePartner } from "../e2e/demo-partners.ts";
import { until } from "../harness/wait.ts";
import { findings } from "./axe.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("dead letters at the console");

async function die(count: number, behaviour: object, name: string): Promise<void> {
  const { client, simulatorUrl } = yard();
  await behave(simulatorUrl, "fin", behaviour);
  for (let n = 0; n < count; n += 1) {
    const lead = { email: `${name}${n}@example.com`, country: "US", interest: "Finance" };
    const id = await client.submitUntilAccepted(lead);
    await until(`${id} is a dead letter`, async () => (await client.lead(id)).status === "dead_lettered");
  }
}

test("each cause is counted, and what has it is listed and redriven alone", async () => {
  const { client, simulatorUrl } = yard();
  await configurePartner(client, simulatorUrl, "fin", {
    retry: { max_attempts: 1, base_ms: 20, max_ms: 50 },
    circuit: { failure_threshold: 10_000, open_ms: 100 },
  });
  await die(4, { behaviour: "failing", rate: 1 }, "broken");
  await die(2, { behaviour: "rate_limited", retry_after_s: 0 }, "busy");
  await behave(simulatorUrl, "fin", { behaviour: "healthy" });
  const console = await signedIn("/dead-letters");
  const { page } = console;
  const causes = page.getByRole("group", { name: "By cause" });
  await causes.getByRole("button", { name: "http 503 4" }).waitFor();
  await causes.getByRole("button", { name: "http 429 2" }).click();
  await page.waitForURL(/cause=http_429/);
  await page.getByRole("row").nth(3).waitFor({ state: "detached" });
  await page.getByRole("row").nth(2).waitFor();
  assert.equal(await findings(page), []);
  await page.getByRole("button", { name: "Redrive", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Redrive 2 dead letters?").waitFor();
  await dialog.getByText("All of cause http 429, on every page.").waitFor();
  await dialog.getByRole("button", { name: "Redrive", exact: true }).click();
  await page.getByText("No dead letter matches these filters").waitFor();
  await causes.getByRole("button", { name: "http 503 4" }).waitFor();
  const { body } = await client.admin<{ items: unknown[] }>("GET", "/api/dlq?partner=fin");
  assert.is(body.items.length, 4);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

/** As the API words it: a real one of this size would take minutes. */
test("what is under way says how far it is, and is held and let go", async () => {
  const console = await signedIn("/");
  const { page } = console;
  const request = {
    id: "6b1f0a52-1111-8000-8000-000000000001",
    action: "redrive",
    by: "Opal",
    count: 50_000,
  };
  let [moved, paused] = [1_200, false];
  const asked: string[] = [];
  await page.route(/\/api\/dlq\/requests/, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (route.request().method() === "GET")
      return route.fulfill({ json: { items: [{ ...request, moved, paused }] } });
    asked.push(pathname.split("/").at(-1) ?? "");
    paused = asked.at(-1) === "pause";
    return route.fulfill({ json: { id: request.id, paused } });
  });
  await console.open("Dead letters");
  const card = page.locator("section.card").filter({ has: page.getByRole("heading", { name: "Under way" }) });
  await card.getByText("Redrive: 1,200 of 50,000, asked for by Opal").waitFor();
  moved = 1_400;
  await card.getByText("Redrive: 1,400 of 50,000").waitFor();
  assert.is(await card.getByRole("progressbar").getAttribute("value"), "1400");
  assert.equal(await findings(page), []);
  await card.getByRole("button", { name: "Pause", exact: true }).click();
  await card.getByText("Redrive, paused: 1,400 of 50,000").waitFor();
  await card.getByRole("button", { name: "Resume", exact: true }).click();
  await card.getByRole("button", { name: "Pause", exact: true }).waitFor();
  assert.equal(asked, ["pause", "resume"]);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
