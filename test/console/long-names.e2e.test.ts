// Names as long as they may be: nothing is cut, stretched or squeezed into a column of letters, at a desk and on a phone.
import type { Locator, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { behave, configurePartner, configureRules } from "../e2e/demo-partners.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("long names at the console");

const LONG =
  "Johann Gambolputty de von Ausfern-schplenden-schlitter-crasscrenbon-fried-digger-dingle-dangle-dongle";
const PARTNER = "a-partner-with-an-id-that-is-as-long-as-an-id-may-be";
const DESK = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const ONE_LINE_PX = 24;
const MIN_NAME_PX = 150;

const settled = async (page: Page): Promise<void> =>
  page.getByText("Loading …").first().waitFor({ state: "detached" });

async function boxes(at: Locator): Promise<readonly { width: number; height: number }[]> {
  await at.first().waitFor();
  return (await Promise.all((await at.all()).map((one) => one.boundingBox()))).filter((box) => box !== null);
}

test.before(async () => {
  const { client, simulatorUrl } = yard();
  await configurePartner(client, simulatorUrl, PARTNER, { name: LONG, retry: { max_attempts: 1 } });
  await configureRules(client, [
    {
      id: "all",
      name: LONG,
      priority: 10,
      enabled: true,
      when: { combinator: "and", rules: [] },
      route: { to: PARTNER },
    },
  ]);
  await behave(simulatorUrl, PARTNER, { behaviour: "failing", rate: 1 });
  for (const full_name of [LONG, "Ada Lovelace"])
    await client.ended(
      await client.submitUntilAccepted({ full_name, email: `${full_name.length}@example.com` }),
    );
});

for (const [width, viewport] of [
  ["at a desk", DESK],
  ["on a phone", PHONE],
] as const)
  test(`the overview has room for names, and badges keep their shape, ${width}`, async () => {
    const console = await signedIn("/", { viewport });
    const { page } = console;
    await console.heading("Overview");
    await settled(page);
    for (const { height } of await boxes(page.locator(".latest .badge"))) assert.ok(height < ONE_LINE_PX);
    for (const { width, height } of await boxes(page.locator(".latest li > a")))
      assert.ok(width >= MIN_NAME_PX || height < ONE_LINE_PX, `${width} px for a name`);
    assert.equal(console.wrongs, []);
    await page.context().close();
  });

test("who did it and when stand on one line, and a row of a phone begins at its left", async () => {
  const console = await signedIn("/audit");
  const { page } = console;
  await console.heading("Audit");
  await settled(page);
  for (const { height } of await boxes(page.locator("tbody time"))) assert.ok(height < ONE_LINE_PX);
  const lines = `[...document.querySelectorAll('td[data-label="By"]')].map((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect().height;
  })`;
  for (const height of (await page.evaluate(lines)) as number[]) assert.ok(height < ONE_LINE_PX, `${height}`);
  await page.setViewportSize(PHONE);
  await console.page.goto(`${yard().client.url}/partners`);
  await console.heading("Partners");
  await settled(page);
  const align = `getComputedStyle(document.querySelector("tbody th")).textAlign`;
  assert.is(await page.evaluate(align), "left");
  await page.context().close();
});

test("an attempt that was given up is named in words", async () => {
  const console = await signedIn("/leads?status=dead_lettered");
  const { page } = console;
  await page.getByText("http 503", { exact: true }).first().waitFor();
  await page.getByRole("link", { name: "Ada Lovelace" }).click();
  await console.heading("Lead");
  await page.locator(".attempt").getByText("dead lettered", { exact: true }).waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
