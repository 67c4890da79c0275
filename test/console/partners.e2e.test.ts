// Partners are configured in forms: every channel, what the server refuses at its field, and two who do so at once.
import type { Locator, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("partners at the console");

// biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
const stored = async (id: string): Promise<any> =>
  (await yard().client.admin("GET", `/api/partners/${id}`)).body;
const save = (page: Page) => page.getByRole("dialog").getByRole("button", { name: "Save", exact: true });
const field = (at: Page | Locator, label: string) => at.getByLabel(label, { exact: true });
/** Opened by its heading, as a person would. */
async function section(page: Page, title: string): Promise<Locator> {
  const found = page.locator("details.form-section").filter({ has: page.getByText(title, { exact: true }) });
  if ((await found.getAttribute("open")) === null) await found.locator("summary").first().click();
  return found;
}

async function openEditor(page: Page, partner: string): Promise<void> {
  await page.goto(`${yard().client.url}/partners/${partner}`);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await field(page.getByRole("dialog"), "Name").waitFor();
}

test("a partner is added in a form, then changed, with what changes beside the button", async () => {
  const console = await signedIn("/partners");
  const { page } = console;
  await page.getByRole("button", { name: "Add partner" }).click();
  const dialog = page.getByRole("dialog");
  await field(dialog, "Id").fill("formed");
  await field(dialog, "Name").fill("Formed by hand");
  await field(dialog, "URL").fill(`${yard().simulatorUrl}/partners/formed`);
  await dialog.getByRole("button", { name: "Add header" }).click();
  await field(dialog, "Header").fill("x-team");
  await field(dialog, "Value").fill("autumn");
  const limits = await section(page, "Limits and caps");
  await field(limits, "Per second").fill("2.5");
  await field(limits, "Set caps").check();
  await field(limits, "Day").fill("100");
  await save(page).click();
  await console.heading("Formed by hand");
  const made = await stored("formed");
  assert.equal(
    [made.version, made.limits.per_second, made.caps, made.delivery.headers],
    [1, 2.5, { day: 100 }, { "x-team": "autumn" }],
  );

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await dialog.getByText("Nothing is changed", { exact: true }).waitFor();
  await field(await section(page, "Limits and caps"), "Day").fill("7");
  await dialog.getByText("1 change", { exact: true }).click();
  await dialog.getByText("caps.day").waitFor();
  assert.equal(
    [await dialog.locator("del").textContent(), await dialog.locator("ins").textContent()],
    ["100", "7"],
  );
  await save(page).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal((await stored("formed")).caps, { day: 7 });
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("what the server refuses stands at the field that it is about", async () => {
  const console = await signedIn("/partners");
  const { page } = console;
  await openEditor(page, "edu");
  const hours = await section(page, "Opening hours");
  await field(hours, "Set schedule").check();
  await field(hours, "Time zone").fill("Europe/Atlantis");
  await hours.getByRole("button", { name: "Add window" }).click();
  await field(hours, "mon").check();
  await field(hours, "From").fill("9 am");
  await field(hours, "To").fill("17:30");
  await save(page).click();
  await hours.getByText("is no time; use one like 09:00").waitFor();
  assert.is(await field(hours, "From").getAttribute("aria-invalid"), "true");
  assert.is(await field(hours, "Time zone").getAttribute("aria-invalid"), "true");
  assert.is(await field(hours, "To").getAttribute("aria-invalid"), null);
  await field(hours, "Time zone").fill("Europe/Berlin");
  await field(hours, "From").fill("09:00");
  await save(page).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const open = [{ days: ["mon"], from: "09:00", to: "17:30" }];
  assert.equal((await stored("edu")).schedule, { time_zone: "Europe/Berlin", open });
  // The browser notes each request that is refused.
  assert.ok(console.wrongs.every((wrong) => wrong.includes("/api/partners/edu")));
  await page.context().close();
});

test("each channel has fields of its own, and JSON for everything", async () => {
  const console = await signedIn("/partners");
  const { page } = console;
  await openEditor(page, "fallback");
  const dialog = page.getByRole("dialog");
  const channel = field(dialog, "Channel");
  for (const [kind, labels] of [
    ["slack", ["Webhook URL", "Text"]],
    ["email", ["To", "From", "Subject", "Text", "SMTP URL"]],
    ["nats", ["Subject"]],
    ["function", ["Code", "Allowed hosts"]],
    ["http", ["URL", "Method", "Secret", "Hidden headers", "Timeout (ms)"]],
  ] as const) {
    await channel.selectOption({ label: kind });
    for (const label of labels) await field(dialog, label).waitFor();
  }
  await channel.selectOption({ label: "function" });
  await field(dialog, "Code").fill("(lead) => ({ outcome: 'success', reason: lead.id");
  await save(page).click();
  await dialog.locator(".field-error").first().waitFor();
  await field(dialog, "Code").fill("(lead) => ({ outcome: 'success' })");
  await dialog.getByRole("tab", { name: "Advanced" }).click();
  const json = field(dialog, "Configuration");
  const text = await json.inputValue();
  assert.is(JSON.parse(text).delivery.code, "(lead) => ({ outcome: 'success' })");
  await json.fill("{");
  await dialog.getByText("This can't be read as JSON").waitFor();
  assert.ok(await save(page).isDisabled());
  await json.fill(JSON.stringify({ ...JSON.parse(text), price: 4 }));
  await dialog.getByRole("tab", { name: "Form" }).click();
  assert.is(await field(dialog, "Price").inputValue(), "4");
  await save(page).click();
  await dialog.waitFor({ state: "detached" });
  const { delivery, price } = await stored("fallback");
  assert.equal([delivery.type, price], ["function", 4]);
  await page.context().close();
});

test("who saves after a colleague sees what they changed, and keeps both by a rebase", async () => {
  const console = await signedIn("/partners");
  const { page } = console;
  await openEditor(page, "fin");
  const dialog = page.getByRole("dialog");
  await field(dialog, "Name").fill("First Finance");
  const { version, ...before } = await stored("fin");
  const theirs = { ...before, price: 9, limits: { ...before.limits, concurrency: 3 } };
  assert.is((await yard().client.admin("PUT", "/api/partners/fin", theirs)).status, 200);
  await save(page).click();
  await dialog.getByText(`Version ${version + 1} was saved meanwhile by admin`).waitFor();
  await dialog.getByText("limits.concurrency").waitFor();
  assert.ok(await save(page).isDisabled());
  assert.is((await stored("fin")).name, "fin");
  assert.equal(await findings(page), []);
  await dialog.getByRole("button", { name: "Rebase" }).click();
  assert.is(await field(dialog, "Name").inputValue(), "First Finance");
  assert.is(await field(dialog, "Price").inputValue(), "9");
  await save(page).click();
  await dialog.waitFor({ state: "detached" });
  const after = await stored("fin");
  assert.equal([after.name, after.price, after.limits.concurrency], ["First Finance", 9, 3]);
  await page.context().close();
});

for (const colorScheme of ["light", "dark"] as const)
  test(`the form keeps nobody out, on a phone neither, ${colorScheme}`, async () => {
    const console = await signedIn("/partners", { colorScheme });
    const { page } = console;
    await openEditor(page, "edu");
    for (const title of ["Limits and caps", "Opening hours", "Retries and circuit", "Duplicates"])
      await section(page, title);
    await section(page, "What its answers mean");
    assert.equal(await findings(page), []);
    await page.setViewportSize({ width: 390, height: 844 });
    const wide =
      "[...document.querySelectorAll('[role=dialog], [role=dialog] *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length";
    assert.is(Number(await page.evaluate(wide)), 0);
    assert.equal(await findings(page), []);
    assert.equal(console.wrongs, []);
    await page.context().close();
  });

test.run();
