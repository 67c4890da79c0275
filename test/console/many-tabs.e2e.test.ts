// People open what they compare beside each other. A browser opens six connections to a host, so tabs must not hold one each.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("many tabs of one browser");

const TABS = 8;

async function submitted(email: string): Promise<string> {
  const { id } = (await yard().client.submit({ email, interest: "Education" })).body;
  await yard().client.ended(id);
  return id;
}

const showsLead = (page: Page, id: string) => page.locator(`a[href="/leads/${id}"]`).first().waitFor();

test("each of eight tabs shows its list and follows what changes, also when the first is closed, and all see a session end", async () => {
  const before = await submitted("before@example.com");
  const console = await signedIn("/leads");
  const context = console.page.context();
  const tabs = [console.page];
  while (tabs.length < TABS) {
    const page = await context.newPage();
    tabs.push(page);
    await page.goto(`${yard().client.url}/leads`);
    await showsLead(page, before);
  }
  const live = await submitted("live@example.com");
  await Promise.all(tabs.map((page) => showsLead(page, live)));

  const [first, ...others] = tabs;
  await first?.close();
  const later = await submitted("later@example.com");
  await Promise.all(others.map((page) => showsLead(page, later)));

  const [one, ...rest] = others;
  await one?.getByRole("button", { name: "Sign out" }).click();
  for (const page of rest) await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
  assert.equal(console.wrongs, []);
  await context.close();
});

test.run();
