// The developer, the auditor and the admin: a source is tried, a person forgotten, a token made, a read model rebuilt.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { until } from "../harness/wait.ts";
import { findings } from "./axe.ts";
import { openConsole, signInByToken } from "./browser.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, browser, signedIn } = consoleSuite("administration at the console");

const inDialog = (page: Page, name: string) =>
  page.getByRole("dialog").getByRole("button", { name, exact: true });

/** Of a source of its own, made on the screen. */
async function newSource(page: Page, id: string): Promise<string> {
  await page.getByRole("button", { name: "Add source" }).click();
  await page.getByLabel("Id", { exact: true }).fill(id);
  await inDialog(page, "Save").click();
  await page.getByRole("heading", { level: 2, name: id, exact: true }).waitFor();
  const card = page.locator("section").filter({ has: page.getByRole("heading", { name: id, exact: true }) });
  await card.getByText("nothing that it sends is taken in").waitFor();
  await card.getByRole("button", { name: "New secret" }).click();
  await inDialog(page, "Make secret").click();
  await page.getByText("It is shown this once").waitFor();
  const secret = (await page.getByRole("dialog").locator("code").textContent()) ?? "";
  await inDialog(page, "Done").click();
  return secret;
}

test("a source gets a secret, is tried, and the lead is followed until it is delivered", async () => {
  const console = await signedIn("/sources");
  const { page } = console;
  const secret = await newSource(page, "shop");
  assert.match(secret, /^whsec_/);
  await page.getByLabel("Source").selectOption("shop");
  assert.is(await page.getByLabel("Secret", { exact: true }).inputValue(), secret);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const followed = page.getByRole("region", { name: "What became of it" });
  await followed.getByText("Delivered to edu").waitFor();
  await followed.getByText("delivered", { exact: true }).waitFor();
  assert.equal(await findings(page), []);

  await page.getByLabel("Secret", { exact: true }).fill(`whsec_${Buffer.alloc(32, 9).toString("base64")}`);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await console.heading("Sources");
  // That the signature is wrong the browser notes as a failed request, as it should.
  assert.ok(
    console.wrongs.every((wrong) => wrong.includes("/api/submit")),
    console.wrongs.join("\n"),
  );
  await page.context().close();
});

test("what is shown for curl and Node sends the same lead", async () => {
  const console = await signedIn("/sources");
  const { page } = console;
  const secret = await newSource(page, "script");
  await page.getByLabel("Source").selectOption("script");
  await page.getByLabel("Body").fill('{"email": "script@example.com", "full_name": "O\'Neill"}');
  const run = async (tab: string, file: string, argument: string): Promise<string> => {
    await page.getByRole("tab", { name: tab }).click();
    const code = (await page.locator("pre").first().textContent()) ?? "";
    const options = { env: { ...process.env, SECRET: secret } };
    return (await promisify(execFile)(file, [...argument.split(" "), code], options)).stdout;
  };
  assert.match(await run("curl", "bash", "-c"), "202");
  assert.match(await run("Node", process.execPath, "--input-type=module -e"), "202");
  await page.getByRole("tab", { name: "Python" }).click();
  await page.getByText("import base64, hashlib, hmac").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a secret is revoked only after a question", async () => {
  const console = await signedIn("/sources");
  const { page } = console;
  await newSource(page, "short-lived");
  const card = page
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: "short-lived", exact: true }) });
  await card.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("It is the only one").waitFor();
  await inDialog(page, "Cancel").click();
  await card.getByRole("button", { name: "Revoke" }).click();
  await inDialog(page, "Revoke").click();
  await card.getByText("nothing that it sends is taken in").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("statistics follow the filters in the address, and each plot has its numbers in a table", async () => {
  await yard().client.ended((await yard().client.submit({ email: "counted@example.com" })).body.id);
  const console = await signedIn("/stats?period=hour&by=source");
  const { page } = console;
  await page.getByRole("heading", { name: "Totals by source" }).waitFor();
  await page.getByRole("img", { name: /^Received by source/ }).waitFor();
  const plot = page
    .locator("section.card")
    .filter({ has: page.getByRole("heading", { name: "Received by source" }) });
  await plot.getByText("Table", { exact: true }).click();
  await plot.getByRole("columnheader", { name: "demo" }).waitFor();
  assert.equal(await findings(page), []);
  await page.getByLabel("By", { exact: true }).selectOption("kind");
  await page.waitForURL(/by=kind/);
  await page.getByRole("heading", { name: "Totals by kind" }).waitFor();
  await page.getByRole("link", { name: "lead", exact: true }).click();
  await console.heading("Leads");
  await page.waitForURL(/\/leads\?kind=lead/);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a person is found, and forgotten only after a question", async () => {
  const lead = { email: "forget-me@example.com", full_name: "Fay Getme", phone: "+12025550188" };
  await yard().client.ended((await yard().client.submit(lead)).body.id);
  const console = await signedIn("/identities");
  const { page } = console;
  await page.getByLabel("Search").fill(lead.email);
  await page.waitForURL(/q=forget-me/);
  await page.getByRole("row").nth(2).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Forget", exact: true }).click();
  await page.getByText("Forget Fay Getme?").waitFor();
  await page.getByText("their 1 lead said about them").waitFor();
  await inDialog(page, "Cancel").click();
  await page.getByRole("link", { name: "Fay Getme" }).click();
  await console.heading("Person");
  assert.equal(await findings(page), []);
  await page.getByRole("button", { name: "Forget", exact: true }).click();
  await inDialog(page, "Forget").click();
  await page.getByText("Nobody can read any more who it was").waitFor();
  await until("the person is gone", async () => {
    const found = await yard().client.admin("GET", "/api/identities?email=forget-me@example.com");
    return (found.body.items as unknown[]).length === 0;
  });
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("the audit says who did what, and what it was before", async () => {
  await yard().client.admin("PUT", "/api/sources/audited", { name: "One" });
  await yard().client.admin("PUT", "/api/sources/audited", { name: "Two" });
  const console = await signedIn("/audit");
  const { page } = console;
  await page.getByLabel("Type").selectOption({ label: "Source configured" });
  await page.waitForURL(/type=SourceConfigured/);
  const row = page.getByRole("row", { name: /source audited/ }).first();
  await row.getByText("1 field", { exact: true }).click();
  assert.is(await row.locator("del").textContent(), "One");
  assert.is(await row.locator("ins").textContent(), "Two");
  await page.getByLabel("Type").selectOption({ label: "Any" });
  await page.getByLabel("About").fill("source audited");
  await page.waitForURL(/about=source/);
  await page.getByRole("row", { name: /partner edu/ }).waitFor({ state: "detached" });
  await row.waitFor();
  await page.getByLabel("About").fill("ruleset");
  await page.getByText("education added, finance added, otherwise added").waitFor();
  await page.getByLabel("By", { exact: true }).fill("nobody at all");
  await page.getByText("No change matches these filters").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a user is invited by a link, and a token is shown once and revoked", async () => {
  const console = await signedIn("/settings");
  const { page } = console;
  await page.getByRole("button", { name: "Add user" }).click();
  await page.getByLabel("Name").fill("Mira");
  await page.getByLabel("Role").selectOption("manager");
  await inDialog(page, "Add").click();
  await page.getByText(/\/set-up#/).waitFor();
  await inDialog(page, "Done").click();
  await page.getByRole("row", { name: /Mira manager invited/ }).waitFor();

  await page.getByRole("button", { name: "Add token" }).click();
  await page.getByLabel("Name").fill("reporting");
  await inDialog(page, "Add").click();
  const token = (await page.getByRole("dialog").locator("code").textContent()) ?? "";
  assert.match(token, /^swy_/);
  await inDialog(page, "Done").click();

  const viewer = await openConsole(browser(), yard().client.url);
  await signInByToken(viewer, yard().client.url, token, "/settings");
  await viewer.page.getByRole("heading", { name: "Projections" }).waitFor();
  const navigation = viewer.page.getByRole("navigation", { name: "Screens" });
  for (const screen of ["People", "Audit"])
    assert.is(await navigation.getByRole("link", { name: screen, exact: true }).count(), 0, screen);
  for (const button of ["Add user", "Add token", "Rebuild"])
    assert.is(await viewer.page.getByRole("button", { name: button }).count(), 0, button);
  assert.equal(viewer.wrongs, []);
  await viewer.page.context().close();

  await page.getByRole("button", { name: "Revoke reporting" }).click();
  await inDialog(page, "Revoke").click();
  await page.getByText("No tokens yet").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a read model is rebuilt, and the screen says when", async () => {
  const console = await signedIn("/settings");
  const { page } = console;
  const row = page.getByRole("row", { name: /^leads/ });
  await row.getByText("never").waitFor();
  await row.getByRole("button", { name: "Rebuild" }).click();
  await inDialog(page, "Rebuild").click();
  await row.getByText(/now|second/).waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
