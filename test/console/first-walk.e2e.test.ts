// From what npm start prints to a lead that takes the way of one's own rule, in under three minutes.
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type LaunchedYard, startLaunchedYard } from "../harness/launched-yard.ts";
import { findings } from "./axe.ts";
import { type ConsolePage, launchBrowser, openConsole } from "./browser.ts";
import { keyboard, mouse, walk } from "./first-walk.ts";

const test = suite("the first walk through the console");
const MAX_MS = 180_000;
const ADA = { name: "Ada", password: "correct horse battery" };

let yard: LaunchedYard;
let browser: Browser;
test.before(async () => {
  [yard, browser] = await Promise.all([startLaunchedYard("first-walk-", {}), launchBrowser()]);
});
test.after(async () => {
  await browser?.close();
  await yard?.stop();
});

const open = (): Promise<ConsolePage> => openConsole(browser, yard.endpoints.http_url);

async function finished({ page, wrongs }: ConsolePage, began: number): Promise<void> {
  assert.ok(performance.now() - began < MAX_MS);
  assert.equal(await findings(page), []);
  assert.equal(wrongs, []);
  await page.context().close();
}

const fin = { id: "fin", name: "Finance partner" };

test("with the mouse, from the link that the start prints", async () => {
  const began = performance.now();
  const console = await open();
  const { page } = console;
  const [, link = ""] = /sign in +(http\S+)/.exec(yard.launcher.output()) ?? [];
  await page.goto(link);
  const hands = mouse(page);
  await hands.fill("Name", ADA.name);
  await hands.fill("Password", ADA.password);
  await hands.press("Set up");
  await console.heading("Overview");
  const rule = { name: "Students go to finance", meets: "Education", priority: "10" };
  await walk({ page, hands, rule, interest: "Student loan", partner: fin });
  await finished(console, began);
});

/** Without a mouse nobody scrolls to see what is called so. */
const isSeen = (page: Page): Promise<unknown> => page.locator(":focus").isVisible();

test("with the keyboard alone, by name and password", async () => {
  const began = performance.now();
  const console = await open();
  const { page } = console;
  await page.goto(yard.endpoints.http_url);
  await console.heading("Sign in");
  const hands = keyboard(page);
  await hands.fill("Name", ADA.name);
  await hands.fill("Password", ADA.password);
  await page.keyboard.press("Enter");
  await console.heading("Overview");
  const rule = { name: "Savings go to finance", meets: "Education", priority: "10" };
  const onStep = async (step: string) => assert.ok(await isSeen(page), `the focus is lost after: ${step}`);
  await walk({ page, hands, rule, interest: "Savings", partner: fin, onStep });
  await finished(console, began);
});

test.run();
