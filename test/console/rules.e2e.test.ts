// People who change rules: one publishes and sees the next lead take the new way, two meet, and one has no mouse.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { configureRules, demoRules } from "../e2e/demo-partners.ts";
import { until } from "../harness/wait.ts";
import { findings } from "./axe.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("rules in the console");

const published = (version: number, page: Page) =>
  page.getByText(`Version ${version} is published`).waitFor();
const liveVersion = async (): Promise<number> =>
  (await yard().client.admin<{ version: number }>("GET", "/api/rules")).body.version;

interface NewRule {
  readonly name: string;
  readonly field: string;
  readonly value: string;
  readonly to: string;
}

async function addRule(page: Page, { name, field, value, to }: NewRule): Promise<void> {
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Field").fill(field);
  await page.getByLabel("Operator").selectOption("=");
  await page.getByLabel("Value").fill(value);
  await page.getByLabel("Route to").selectOption(to);
  await page.getByRole("button", { name: "Save" }).click();
}

async function publish(page: Page, reason: string): Promise<void> {
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
}

test("a rule that is added, checked, back-tested and published takes the next lead", async () => {
  const { client } = yard();
  await client.ended((await client.submit({ email: "travel@example.com", interest: "Travel" })).body.id);
  const console = await signedIn("/rules");
  const { page } = console;
  await addRule(page, { name: "Travel goes to fin", field: "interest", value: "Travel", to: "fin" });
  await page.getByRole("table").getByText("Leads whose interest is Travel go to fin").waitFor();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("Nothing found").waitFor();
  await page.getByRole("button", { name: "Back-test" }).click();
  await page.getByText("1 of 1 leads would go elsewhere").waitFor();
  await page.getByText("fallback → fin").waitFor();
  assert.equal(await findings(page), []);
  await page.reload();
  await page.getByText("Your draft of version 1: 1 change").waitFor();
  await publish(page, "Travel is theirs from now on");
  await published(2, page);
  const { id } = (await client.submit({ email: "next@example.com", interest: "travel" })).body;
  assert.is((await client.ended(id)).partner, "fin");
  await page.getByRole("tab", { name: "History" }).click();
  await page.getByText("Travel is theirs from now on").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a set with a conflict is shown with a submission that shows it, and published only on purpose", async () => {
  const console = await signedIn("/rules");
  const { page } = console;
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByLabel("Name").fill("Finance to edu");
  await page.getByLabel("Priority").fill("20");
  await page.getByRole("button", { name: "Add group" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("A value is missing").first().waitFor();
  assert.equal(await findings(page), []);
  await page.getByRole("button", { name: "Remove group" }).click();
  await page.getByLabel("Field").fill("interest");
  await page.getByLabel("Value").fill("Finance");
  await page.getByLabel("Route to").selectOption("edu");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("have the same priority, match the same submission").waitFor();
  await page.getByText("A submission that shows it").first().click();
  await page.getByText('"interest": "finance"').or(page.getByText('"interest": "Finance"')).first().waitFor();
  const before = await liveVersion();
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByLabel("Publish in spite of the conflicts").waitFor();
  const confirm = page.getByRole("dialog").getByRole("button", { name: "Publish", exact: true });
  assert.ok(await confirm.isDisabled());
  assert.equal(await findings(page), []);
  await page.getByLabel("Publish in spite of the conflicts").check();
  assert.ok(await confirm.isEnabled());
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.is(await liveVersion(), before);
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByText("Discard 1 change?").waitFor();
  await page.getByRole("button", { name: "Discard", exact: true }).click();
  await page.getByText("Your draft of version").waitFor({ state: "detached" });
  await page.context().close();
});

test("where a colleague published meanwhile the draft is kept, rebased, and nothing of theirs is lost", async () => {
  const [mine, theirs] = [await signedIn("/rules"), await signedIn("/rules")];
  const before = await liveVersion();
  await addRule(mine.page, { name: "Mine", field: "country", value: "NL", to: "edu" });
  await addRule(theirs.page, { name: "Theirs", field: "country", value: "DE", to: "edu" });
  await publish(theirs.page, "Germany first");
  await published(before + 1, theirs.page);
  await mine.page.getByText(`Version ${before + 1} was published meanwhile`).waitFor();
  await mine.page.getByText("Germany first").waitFor();
  assert.ok(await mine.page.getByRole("button", { name: "Publish", exact: true }).isDisabled());
  await mine.page.getByRole("button", { name: "Rebase" }).click();
  await mine.page.getByText(`Your draft of version ${before + 1}: 1 change`).waitFor();
  await publish(mine.page, "And the Netherlands");
  await published(before + 2, mine.page);
  const { body } = await yard().client.admin<{ rules: { name: string }[] }>("GET", "/api/rules");
  const names = body.rules.map(({ name }) => name);
  assert.ok(names.includes("Mine") && names.includes("Theirs"), names.join(", "));
  for (const { page, wrongs } of [mine, theirs]) {
    assert.equal(wrongs, []);
    await page.context().close();
  }
});

test("with the keyboard alone: a rule is moved, added and published, and an old version comes back", async () => {
  await configureRules(yard().client, demoRules);
  const before = await liveVersion();
  const console = await signedIn("/rules");
  const { page } = console;
  const rows = page.getByRole("row").filter({ has: page.getByRole("button", { name: "Edit" }) });
  await rows
    .nth(1)
    .getByRole("button", { name: /^Move finance/ })
    .press("ArrowUp");
  await page.getByText("finance is now number 1 of 3").waitFor({ state: "attached" });
  assert.match((await rows.first().textContent()) ?? "", "finance");

  await page.getByRole("button", { name: "Add rule" }).press("Enter");
  await untilFocus(page, "Name");
  await page.keyboard.type("By keyboard");
  await tabTo(page, "Field");
  await page.keyboard.type("country");
  await tabTo(page, "Value");
  await page.keyboard.type("FR");
  await tabTo(page, "Route to");
  await page.keyboard.type("fallback");
  await tabTo(page, "Save");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /: 2 changes/ }).waitFor();
  await page.getByRole("button", { name: "Publish", exact: true }).press("Enter");
  await untilFocus(page, "Reason");
  await page.keyboard.type("No mouse");
  await page.keyboard.press("Enter");
  await published(before + 1, page);
  await page.getByRole("tab", { name: "Table" }).press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: "Revert" }).first().press("Enter");
  await page.getByText(`Revert to version ${before}?`).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText(`Version ${before + 2}`, { exact: true }).waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

/** Tab until what has the focus is called so. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)) === name) return;
  }
  throw new Error(`the keyboard does not reach ${name}`);
}

async function focused(page: Page): Promise<string> {
  const name = await page.evaluate(
    "((one) => one.labels?.[0]?.textContent ?? one.getAttribute('aria-label') ?? one.textContent)(document.activeElement)",
  );
  return String(name).trim();
}

/** A dialog takes the focus a moment after it opens, and what is typed before is lost. */
const untilFocus = (page: Page, name: string) =>
  until(`${name} has the focus`, async () => (await focused(page)) === name);

test("the tree shows the way of a submission", async () => {
  const console = await signedIn("/rules?tab=tree");
  const { page } = console;
  await page.getByLabel("Submission").fill('{"email": "a@example.com", "interest": "education"}');
  await page.getByRole("button", { name: "Show path" }).click();
  await page.getByText("The rule education decides: it goes to edu.").waitFor();
  const item = page.getByRole("treeitem", { selected: true }).last();
  assert.match((await item.textContent()) ?? "", "edu");
  await item.press("Home");
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
