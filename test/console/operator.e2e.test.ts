// The operator: from what is stuck to what is mended, and a server that goes away and comes back.
import * as assert from "uvu/assert";
import { behave, configurePartner } from "../e2e/demo-partners.ts";
import { until } from "../harness/wait.ts";
import { openConsole } from "./browser.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, browser, signedIn } = consoleSuite("an operator at the console");

const STUCK = 7;

async function stuckLeads(): Promise<string[]> {
  const { client, simulatorUrl } = yard();
  await configurePartner(client, simulatorUrl, "fin", {
    retry: { max_attempts: 1, base_ms: 20, max_ms: 50 },
  });
  await behave(simulatorUrl, "fin", { behaviour: "failing", rate: 1 });
  const ids: string[] = [];
  for (let n = 0; n < STUCK; n += 1) {
    const lead = { email: `stuck${n}@example.com`, country: "US", interest: "Finance" };
    ids.push(await client.submitUntilAccepted(lead));
  }
  for (const id of ids)
    await until(`${id} is a dead letter`, async () => (await client.lead(id)).status === "dead_lettered");
  return ids;
}

test("what died is seen on the overview, counted before it is redriven, and delivered", async () => {
  const console = await signedIn("/");
  const { page } = console;
  const ids = await stuckLeads();
  await page.getByRole("link", { name: `Dead letters ${STUCK}` }).click();
  await console.heading("Dead letters");
  await page.getByLabel("Partner").selectOption("fin");
  await page.waitForURL(/partner=fin/);
  await behave(yard().simulatorUrl, "fin", { behaviour: "healthy" });
  await page.getByRole("button", { name: "Redrive", exact: true }).click();
  await page.getByText(`Redrive ${STUCK} dead letters?`).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.is((await yard().client.lead(ids[0] ?? "")).status, "dead_lettered");
  await page.getByRole("button", { name: "Redrive", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Redrive", exact: true }).click();
  await page.getByText("No dead letter matches these filters").waitFor();
  for (const id of ids)
    await until(`${id} is delivered`, async () => (await yard().client.lead(id)).status === "delivered");
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a partner is paused with a reason, tested and resumed", async () => {
  const console = await signedIn("/partners/edu");
  const { page } = console;
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByLabel("Reason").fill("They are moving house");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("It is paused: They are moving house").waitFor();
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("Send 1 test delivery to edu?").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Test" }).click();
  await page.getByRole("heading", { name: "Answer" }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByText("delivering").first().waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("who may only read is shown no button to change anything, and no personal data", async () => {
  const { client } = yard();
  const made = await client.admin<{ setup_url: string }>("POST", "/api/users", {
    name: "Vera",
    role: "viewer",
  });
  const console = await openConsole(browser(), client.url);
  const { page } = console;
  await page.goto(made.body.setup_url);
  await page.getByRole("heading", { level: 1, name: "Welcome, Vera" }).waitFor();
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Set up" }).click();
  await console.heading("Overview");
  for (const [screen, hidden] of [
    ["Rules", ["Add rule", "Publish", "Discard", "Edit", "Remove"]],
    ["Partners", ["Add partner", "Pause", "Test"]],
    ["Dead letters", ["Redrive", "Discard"]],
    ["Leads", ["Redrive"]],
  ] as const) {
    await console.open(screen);
    await page.getByText("Loading …").first().waitFor({ state: "detached" });
    for (const name of hidden)
      assert.is(await page.getByRole("button", { name, exact: true }).count(), 0, `${screen}: ${name}`);
  }
  assert.is(await page.getByText("stuck0@example.com").count(), 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await console.heading("Sign in");
  await page.getByLabel("Name").fill("Vera");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  assert.equal(console.wrongs, []);

  const { body } = await client.admin<{ items: { id: string }[] }>("GET", "/api/users");
  await client.admin("DELETE", `/api/users/${body.items[0]?.id}/sessions`);
  await console.page.getByText("Your session has ended").waitFor();
  await page.context().close();
});

test("a server that goes away is told of, and what came meanwhile is there without a reload", async () => {
  const { client } = yard();
  const console = await signedIn("/leads", { mayLoseServer: true });
  const { page } = console;
  await page.getByRole("link", { name: "stuck0@example.com" }).waitFor();
  await yard().stopApplication();
  await page.getByText("The server is away.").waitFor();
  await yard().startApplication();
  await page.getByText("The server is away.").waitFor({ state: "detached" });
  await client.submitUntilAccepted({ email: "afterwards@example.com", interest: "Education" });
  await page.getByRole("link", { name: "afterwards@example.com" }).waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
