// A session ends while somebody writes: after signing in again they go on, and nobody else sees what they wrote.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { openConsole } from "./browser.ts";
import { untilFocus } from "./keyboard.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, browser } = consoleSuite("a session that ends");

const PASSWORD = "correct horse battery";

/** Given the id that their sessions are ended by. */
async function newUser(name: string): Promise<string> {
  const { client } = yard();
  const made = await client.admin<{ id: string; setup_url: string }>("POST", "/api/users", {
    name,
    role: "manager",
  });
  const console = await openConsole(browser(), client.url);
  await console.page.goto(made.body.setup_url);
  await console.page.getByLabel("Password").fill(PASSWORD);
  await console.page.getByRole("button", { name: "Set up" }).click();
  await console.heading("Overview");
  await console.page.context().close();
  return made.body.id;
}

async function signIn(page: Page, name: string): Promise<void> {
  // By its role: what is out of sight behind it has a name too.
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor({ state: "detached" });
}

async function endSessions(page: Page, user: string): Promise<void> {
  await yard().client.admin("DELETE", `/api/users/${user}/sessions`);
  await page.getByText("Your session has ended").waitFor();
}

test("who signs in again finds the form that they were filling in, and saves it", async () => {
  const mara = await newUser("Mara");
  await newUser("Noor");
  const console = await openConsole(browser(), yard().client.url);
  const { page } = console;
  await page.goto(`${yard().client.url}/rules`);
  await signIn(page, "Mara");
  await page.getByRole("button", { name: "Add rule" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name").fill("Half written");
  await form.getByLabel("Field").fill("country");

  await endSessions(page, mara);
  assert.is(await page.getByText("Half written").count(), 0);
  assert.is(await form.filter({ visible: true }).count(), 0);
  await untilFocus(page, "Name");
  await signIn(page, "Mara");
  assert.is(await form.getByLabel("Name").inputValue(), "Half written");
  assert.is(await page.locator("dialog :focus, [role=dialog] :focus, [role=dialog]:focus").count(), 1);
  await form.getByLabel("Operator").selectOption("=");
  await form.getByLabel("Value").fill("NL");
  await form.getByLabel("Route to").selectOption("edu");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByText("Draft saved").waitFor();

  await page.getByRole("button", { name: "Add rule" }).click();
  await form.getByLabel("Name").fill("Of nobody else's concern");
  await endSessions(page, mara);
  await signIn(page, "Noor");
  await page.getByRole("button", { name: "Add rule" }).waitFor();
  assert.is(await form.count(), 0);
  assert.is(await page.getByText("Your draft of version").count(), 0);
  await page.context().close();
});

test("a draft that could not be saved while nobody was signed in is saved afterwards", async () => {
  const { client } = yard();
  const iris = await newUser("Iris");
  const console = await openConsole(browser(), client.url);
  const { page } = console;
  await page.goto(`${client.url}/rules`);
  await signIn(page, "Iris");
  await page.getByRole("button", { name: "Switch off" }).first().waitFor();
  await client.admin("DELETE", `/api/users/${iris}/sessions`);
  await page.getByRole("button", { name: "Switch off" }).first().click();
  await page.getByText("Your session has ended").waitFor();
  await signIn(page, "Iris");
  await page.getByText("Draft saved").waitFor();
  await page.getByText(/^Your draft of version \d+: 1 change$/).waitFor();
  await page.context().close();
});

test.run();
