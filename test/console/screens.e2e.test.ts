// Every screen in a real browser: it opens, nothing goes wrong on it, and nobody is kept out of it.
import type { Response } from "playwright-core";
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { openConsole } from "./browser.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, browser, signedIn } = consoleSuite("the console's screens");

const SCREENS = [
  "Overview",
  "Leads",
  "Rules",
  "Partners",
  "Dead letters",
  "Campaigns",
  "Statistics",
  "Sources",
  "People",
  "Audit",
  "Settings",
] as const;
const MAX_INITIAL_BYTES = 200_000;

test("the first screen is small, all from here, and its policy has no exception", async () => {
  const console = await openConsole(browser(), yard().client.url);
  const scripts: Response[] = [];
  console.page.on("response", (response) => {
    if (/\.js$/.test(new URL(response.url()).pathname)) scripts.push(response);
  });
  const page = await console.page.goto(yard().client.url);
  await console.heading("Sign in");
  const policy = page?.headers()["content-security-policy"] ?? "";
  assert.match(policy, /^default-src 'self'(;|$)/);
  assert.not.match(policy, "unsafe");
  assert.is(page?.headers()["cache-control"], "no-cache");
  await console.page.waitForLoadState("networkidle");
  let bytes = 0;
  for (const script of scripts) {
    bytes += (await script.request().sizes()).responseBodySize;
    assert.match(script.headers()["cache-control"] ?? "", "immutable");
  }
  assert.ok(bytes > 10_000 && bytes < MAX_INITIAL_BYTES, `${bytes} bytes of JavaScript`);
  assert.equal(console.wrongs, []);
  await console.page.context().close();
});

test("without a session each address leads to signing in, and from there to where it was meant", async () => {
  const console = await openConsole(browser(), yard().client.url);
  await console.page.goto(`${yard().client.url}/partners`);
  await console.heading("Sign in");
  await console.page.getByLabel("Name").fill("nobody");
  await console.page.getByLabel("Password").fill("wrong password");
  await console.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await console.page.getByRole("alert").waitFor();
  await console.page.getByLabel("Access token").fill("token-of-the-tests");
  await console.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await console.heading("Partners");
  assert.ok(
    console.wrongs.every((wrong) => wrong.includes("/api/login")),
    console.wrongs.join("\n"),
  );
  await console.page.reload();
  await console.heading("Partners");
  await console.page.getByRole("button", { name: "Sign out" }).click();
  await console.heading("Sign in");
  await console.page.goto(`${yard().client.url}/leads`);
  await console.heading("Sign in");
  await console.page.context().close();
});

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1440, height: 900 };

for (const colorScheme of ["light", "dark"] as const)
  test(`every screen opens without a fault, for axe neither, on a phone's width too, ${colorScheme}`, async () => {
    const ada = { email: "ada@example.com", full_name: "Ada Lovelace", interest: "Education" };
    const { id } = (await yard().client.submit(ada)).body;
    await yard().client.ended(id);
    const console = await signedIn("/", { colorScheme });
    const { page } = console;
    const check = async (name: string): Promise<void> => {
      await page.getByText("Loading …").first().waitFor({ state: "detached" });
      assert.equal(await findings(page), [], name);
      await page.setViewportSize(PHONE);
      // What draws itself follows the width a moment later.
      await page
        .waitForFunction("document.documentElement.scrollWidth <= innerWidth")
        .catch(() => assert.unreachable(`${name} is wider than a phone`));
      assert.equal(await findings(page), [], `${name} on a phone`);
      await page.setViewportSize(DESK);
    };
    for (const screen of SCREENS) {
      await console.open(screen);
      await check(screen);
    }
    for (const [path, heading] of [
      [`/leads/${id}`, "Lead"],
      ["/rules?tab=tree", "Rules"],
      ["/rules?tab=history", "Rules"],
      ["/partners/edu", "edu"],
    ] as const) {
      await page.goto(`${yard().client.url}${path}`);
      await console.heading(heading);
      await check(path);
    }
    assert.equal(console.wrongs, []);
    await page.context().close();
  });

test("on a phone the screens are behind a menu, which the keyboard opens", async () => {
  const console = await signedIn("/", { viewport: PHONE });
  await console.page.getByRole("button", { name: "Menu" }).press("Enter");
  await console.open("Rules");
  assert.equal(await findings(console.page), []);
  await console.page.context().close();
});

test("filters stand in the address, and a lead says why it is where it is", async () => {
  const { id } = (
    await yard().client.submit({
      email: "grace@example.com",
      full_name: "Grace Hopper",
      interest: "Education",
    })
  ).body;
  await yard().client.ended(id);
  const console = await signedIn("/leads");
  const { page } = console;
  await page.getByLabel("Status").selectOption("delivered");
  await page.getByLabel("Search").fill("grace@example.com");
  await page.getByText("ada@example.com").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Grace Hopper" }).waitFor();
  await page.waitForURL(/status=delivered/);
  await page.waitForURL(/q=grace/);
  await page.reload();
  await page.getByRole("link", { name: "Grace Hopper" }).click();
  await console.heading("Lead");
  await page.getByRole("heading", { name: "Why here?" }).waitFor();
  await page.getByText("asks whether interest is Education; it is Education").waitFor();
  await page
    .getByText(
      "the rule education comes before finance, which would not have matched: asks whether country is US; it is nothing",
    )
    .waitFor();
  await page.getByText("comes later; would have matched too").waitFor();
  await page.getByRole("link", { name: "Version 1 of the rules" }).waitFor();
  await page.getByText("Delivered to edu").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
