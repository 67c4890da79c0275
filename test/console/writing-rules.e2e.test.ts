// While a rule is written: what the keyboard does, what is kept, and what is said of conflicts.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { tabTo, untilFocus } from "./keyboard.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("writing rules in the console");

const editorIsGone = (page: Page) =>
  page.getByRole("dialog", { name: "Add a rule" }).waitFor({ state: "detached" });

test("a condition that is added has the focus, and Escape asks before it throws away what was typed", async () => {
  const console = await signedIn("/rules");
  const { page } = console;
  const add = page.getByRole("button", { name: "Add rule" });
  await add.press("Enter");
  await untilFocus(page, "Name");
  await page.keyboard.press("Escape");
  await editorIsGone(page);

  await add.press("Enter");
  await untilFocus(page, "Name");
  await page.keyboard.type("Half written");
  await tabTo(page, "Add condition");
  await page.keyboard.press("Enter");
  await untilFocus(page, "Field");
  await page.keyboard.type("country");
  const fields = page.getByLabel("Field");
  assert.equal(
    [await fields.first().inputValue(), await fields.last().inputValue()],
    ["", "country"],
    "the focus is in the new one",
  );

  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Throw away what you typed?" }).waitFor();
  assert.equal(await findings(page), []);
  await page.keyboard.press("Escape");
  assert.is(await page.getByLabel("Name").inputValue(), "Half written");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Throw away" }).press("Enter");
  await editorIsGone(page);
  assert.is(await page.getByText("Your draft of version").count(), 0);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a conflict needs a tick, and once it is mended that is said", async () => {
  const console = await signedIn("/rules");
  const { page } = console;
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByLabel("Name").fill("Finance to edu");
  await page.getByLabel("Priority").fill("20");
  await page.getByLabel("Field").fill("interest");
  await page.getByLabel("Value").fill("Finance");
  await page.getByLabel("Route to").selectOption("edu");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Rules that conflict need a tick to be published").waitFor();
  const mended = page.getByText("No conflict any more.");
  assert.is(await mended.count(), 0);
  await page.getByRole("button", { name: "Edit “Finance to edu”" }).click();
  await page.getByLabel("Priority").fill("25");
  await page.getByRole("button", { name: "Save" }).click();
  await mended.waitFor();

  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByText("Priority 25").waitFor();
  assert.equal(await findings(page), []);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a field that no submission has had is a hint with what was meant, and does not keep anybody from publishing", async () => {
  const { client } = yard();
  await client.ended((await client.submit({ email: "has@example.com", interest: "Education" })).body.id);
  const console = await signedIn("/rules");
  const { page } = console;
  await client.admin("DELETE", "/api/rules/draft");
  await page.reload();
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByLabel("Name").fill("Misspelt");
  await page.getByLabel("Field").fill("intrest");
  await page.getByLabel("Value").fill("Travel");
  await page.getByLabel("Route to").selectOption("edu");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("has the field intrest; did you mean interest?").waitFor();
  assert.equal(await findings(page), []);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog");
  assert.ok(await dialog.getByRole("button", { name: "Publish", exact: true }).isEnabled());
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Edit “Misspelt”" }).click();
  await page.getByLabel("Field").fill("interest");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("did you mean interest?").waitFor({ state: "detached" });
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
