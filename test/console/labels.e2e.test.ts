// What docs and other people's tests name on these screens, word by word.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { behave, configurePartner } from "../e2e/demo-partners.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("labels at the console");

test.before(async () => {
  const { client, simulatorUrl } = yard();
  await configurePartner(client, simulatorUrl, "fin", { retry: { max_attempts: 1 } });
  await behave(simulatorUrl, "fin", { behaviour: "failing", rate: 1 });
  await client.ended(
    await client.submitUntilAccepted({ email: "ada@example.com", country: "US", interest: "Finance" }),
  );
  const steps = [{ id: "hello", type: "send", partner: "edu" }];
  await client.admin("PUT", "/api/campaigns/spring", { name: "Spring", steps });
});

const buttons =
  (...names: string[]) =>
  async (page: Page) => {
    for (const name of names) await page.getByRole("button", { name, exact: true }).first().waitFor();
  };
const fields =
  (...labels: string[]) =>
  async (page: Page) => {
    for (const label of labels) await page.getByLabel(label, { exact: true }).first().waitFor();
  };

const SCREENS: readonly (readonly [path: string, heading: string, ...((page: Page) => Promise<void>)[]])[] = [
  [
    "/leads",
    "Leads",
    fields("Search", "Status", "Partner", "Source", "Kind", "From", "To"),
    buttons("Redrive"),
  ],
  ["/partners", "Partners", buttons("Add partner", "Pause", "Test")],
  ["/partners/edu", "edu", buttons("Pause", "Test", "Edit")],
  ["/dead-letters", "Dead letters", buttons("Redrive", "Discard"), fields("Stage", "Partner")],
  ["/campaigns", "Campaigns", buttons("Add campaign")],
  ["/campaigns/spring", "Spring", buttons("Start", "Add members", "Edit")],
  ["/sources", "Sources", buttons("Add source", "Try it")],
  ["/identities", "People", buttons("Forget")],
  ["/audit", "Audit", fields("By", "About", "Type", "From", "To")],
  ["/settings", "Settings", buttons("Rebuild", "Add user", "Add token")],
];

test("every screen has its heading, its filters and its buttons", async () => {
  const console = await signedIn("/");
  const { page } = console;
  for (const [path, heading, ...checks] of SCREENS) {
    await page.goto(`${yard().client.url}${path}`);
    await console.heading(heading);
    for (const check of [...checks, buttons("Sign out")]) await check(page);
  }
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("whatever destroys or sends asks first, with a button to let it be", async () => {
  const console = await signedIn("/");
  const { page } = console;
  for (const [path, button, verb, title] of [
    ["/partners/edu", "Pause", "Pause", /edu\?/],
    ["/partners/edu", "Test", "Test", /^Send 1 test delivery to edu\?/],
    ["/partners/edu", "Remove", "Remove", /^Remove edu\?/],
    ["/dead-letters", "Redrive", "Redrive", /^Redrive 1 dead letter\?/],
    ["/dead-letters", "Discard", "Discard", /^Discard 1 dead letter\?/],
    ["/campaigns/spring", "Start", "Start", /^Start for 0 members\?/],
    ["/campaigns/spring", "Cancel campaign", "Cancel campaign", /members\?/],
    ["/identities", "Forget", "Forget", /^Forget .*\?/],
  ] as const) {
    await page.goto(`${yard().client.url}${path}`);
    await page.getByRole("button", { name: button, exact: true }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("heading", { name: title }).waitFor();
    await dialog.getByRole("button", { name: verb, exact: true }).waitFor();
    await dialog.getByRole("button", { name: "Cancel", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
  }
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
