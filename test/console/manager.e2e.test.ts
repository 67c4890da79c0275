// What a manager does with rules: who keeps no secrets of sources publishes with a reason, and sees which way a lead takes.
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { openConsole, signInByToken } from "./browser.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, browser } = consoleSuite("the rules as a manager sees them");

test("a manager publishes with a reason, sees the way of a lead, and follows the leads of the partner", async () => {
  const { client } = yard();
  const made = { name: "sales", role: "manager" };
  const { token } = (await client.admin<{ token: string }>("POST", "/api/tokens", made)).body;
  const console = await openConsole(browser(), client.url);
  const { page } = console;
  await signInByToken(console, client.url, token, "/rules");
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByLabel("Name").fill("Travel goes to fin");
  await page.getByLabel("Field").fill("interest");
  await page.getByLabel("Value").fill("Travel");
  await page.getByLabel("Route to").selectOption("fin");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Draft saved").waitFor();

  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog");
  for (const noReason of ["", "  "]) {
    await dialog.getByLabel("Reason").fill(noReason);
    await dialog.getByRole("button", { name: "Publish", exact: true }).click();
    assert.is(await dialog.locator("input:invalid").count(), 1, "the browser asks for a reason");
  }
  await dialog.getByLabel("Reason").fill("Travel is theirs");
  await dialog.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByText("Version 2 is published").waitFor();
  const { body } = await client.admin<{ items: { reason?: string }[] }>("GET", "/api/rules/history");
  assert.is(body.items[0]?.reason, "Travel is theirs");

  await page.getByText("which a developer or an admin makes").waitFor();
  assert.is(await page.getByText("Send a lead and see where it goes").count(), 0);
  assert.equal(await findings(page), []);
  await page.getByRole("link", { name: "See which way a lead like this takes" }).click();
  await page.getByText("The rule travel-goes-to-fin decides: it goes to fin.").waitFor();
  assert.match(await page.getByLabel("Submission").inputValue(), '"interest": "Travel"');
  assert.equal(await findings(page), []);

  const toEdu = (await client.submit({ email: "edu@example.com", interest: "Education" })).body.id;
  const toFin = (await client.submit({ email: "fin@example.com", interest: "Travel" })).body.id;
  await Promise.all([client.ended(toEdu), client.ended(toFin)]);
  await page.getByRole("link", { name: "Follow the leads of fin" }).click();
  await console.heading("Leads");
  await page.locator(`a[href="/leads/${toFin}"]`).first().waitFor();
  assert.is(await page.locator(`a[href="/leads/${toEdu}"]`).count(), 0);

  await console.open("Sources");
  await page.getByText("A developer or an admin makes secrets.").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
