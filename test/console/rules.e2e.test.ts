// People who change rules: one publishes and sees the next lead take the new way, two meet, and one has no mouse.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { configureRules, demoRules } from "../e2e/demo-partners.ts";
import { findings } from "./axe.ts";
import { openConsole, signInByToken } from "./browser.ts";
import { tabTo, untilFocus } from "./keyboard.ts";
import { consoleSuite, TOKEN } from "./suite.ts";

const { test, yard, browser, signedIn } = consoleSuite("rules in the console");

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
  await page.getByRole("table").getByText("Submissions whose interest is Travel go to fin").waitFor();
  await page.getByRole("table").getByText("Everything else goes to fallback").waitFor();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("Nothing found").waitFor();
  await page.getByRole("button", { name: "Back-test" }).click();
  await page.getByText("1 of 1 leads would go elsewhere").waitFor();
  await page.getByText("fallback → fin").waitFor();
  await page.getByRole("row", { name: "fallback 1 0 -1 1" }).waitFor();
  await page.getByRole("row", { name: "fin 0 1 +1 0" }).waitFor();
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

const COLLEAGUES = {
  "a colleague": async () => {
    const made = { name: "colleague", role: "manager" };
    return (await yard().client.admin<{ token: string }>("POST", "/api/tokens", made)).body.token;
  },
  "the same person, elsewhere,": async () => TOKEN,
};

for (const [who, tokenOf] of Object.entries(COLLEAGUES))
  test(`where ${who} published meanwhile the draft is kept, rebased, and nothing of theirs is lost`, async () => {
    const mine = await signedIn("/rules");
    const theirs = await openConsole(browser(), yard().client.url);
    await signInByToken(theirs, yard().client.url, await tokenOf(), "/rules");
    const before = await liveVersion();
    // Who has no draft yet begins one of their own, also where both are the same person.
    for (const { page } of [mine, theirs]) await page.getByRole("button", { name: "Add rule" }).waitFor();
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
    await configureRules(yard().client, demoRules);
  });

/** As when somebody comes back to the tab. */
const comeBack = (page: Page) => page.evaluate("dispatchEvent(new Event('focus'))");

test("a draft that is begun in one browser goes on in another, and two never overwrite each other", async () => {
  const version = await liveVersion();
  const [desk, laptop] = [
    await signedIn("/rules", { mayLoseServer: true }),
    await signedIn("/rules", { mayLoseServer: true }),
  ];
  await addRule(desk.page, { name: "From the desk", field: "country", value: "IT", to: "edu" });
  await desk.page.getByText("Draft saved").waitFor();
  await comeBack(laptop.page);
  await laptop.page.getByText(`Your draft of version ${version}: 1 change`).waitFor();
  await addRule(laptop.page, { name: "From the laptop", field: "country", value: "ES", to: "edu" });
  await laptop.page.getByText(`Your draft of version ${version}: 2 changes`).waitFor();
  await laptop.page.getByText("Draft saved").waitFor();

  // The desk has not looked since, and changes what it has.
  await addRule(desk.page, { name: "Again from the desk", field: "country", value: "PT", to: "edu" });
  await desk.page.getByText("Your draft was changed in another tab or browser").waitFor();
  assert.equal(await findings(desk.page), []);
  await desk.page.getByText("The other draft").click();
  await desk.page.getByRole("status").getByText("From the laptop").waitFor();
  await desk.page.getByRole("button", { name: "Take the other one" }).click();
  await desk.page.getByText("Draft saved").waitFor();
  await desk.page.getByRole("table").getByText("From the laptop").waitFor();
  assert.is(await desk.page.getByText("Again from the desk").count(), 0);

  await addRule(desk.page, { name: "Kept", field: "country", value: "PT", to: "edu" });
  await desk.page.getByText("Draft saved").waitFor();
  await laptop.page.getByRole("button", { name: "Switch off" }).first().click();
  await laptop.page.getByRole("button", { name: "Keep this one" }).click();
  await laptop.page.getByText("Draft saved").waitFor();
  await comeBack(desk.page);
  await desk.page.getByRole("table").getByText("Kept").waitFor({ state: "detached" });
  await desk.page.getByRole("button", { name: "Discard", exact: true }).click();
  await desk.page.getByRole("dialog").getByRole("button", { name: "Discard", exact: true }).click();
  await desk.page.getByText("Your draft of version").waitFor({ state: "detached" });
  await comeBack(laptop.page);
  await laptop.page.getByText("Your draft of version").waitFor({ state: "detached" });
  for (const { page, wrongs } of [desk, laptop]) {
    assert.equal(wrongs, []);
    await page.context().close();
  }
});

test("while the server is away a draft goes on in the browser, and is saved when it is back", async () => {
  const version = await liveVersion();
  const console = await signedIn("/rules", { mayLoseServer: true });
  const { page } = console;
  await addRule(page, { name: "Before", field: "country", value: "IT", to: "edu" });
  await page.getByText("Draft saved").waitFor();
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByLabel("Name").fill("Half written");
  await yard().stopApplication();
  await page.getByText("The server is away.").waitFor({ state: "attached" });
  // What is being written stays as it is.
  await page.getByLabel("Field").fill("country");
  await page.getByLabel("Value").fill("ES");
  await page.getByLabel("Route to").selectOption("edu");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The draft is not saved on the server").waitFor();
  await yard().startApplication();
  await page.getByText("Draft saved").waitFor();
  assert.is(await page.getByText("The draft is not saved on the server").count(), 0);
  const other = await signedIn("/rules");
  await other.page.getByText(`Your draft of version ${version}: 2 changes`).waitFor();
  await other.page.getByRole("table").getByText("Half written").waitFor();
  await yard().client.admin("DELETE", "/api/rules/draft");
  assert.equal([...console.wrongs, ...other.wrongs], []);
  for (const one of [console, other]) await one.page.context().close();
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
