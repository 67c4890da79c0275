// What the first screen waits for, and what stands at an address that has none.
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("the console's first screen");

/** The page, its code and style, who is signed in, fonts, six lists of the overview and the stream. */
const MAX_REQUESTS = 20;

test("who is signed in is asked once and beside the code, and the screen's own code waits for neither", async () => {
  const console = await signedIn();
  const { page } = console;
  await console.heading("Overview");
  const asked: string[] = [];
  page.on("request", (request) => void asked.push(new URL(request.url()).pathname));
  const screensCode = page.waitForRequest(/\/assets\/overview-[^/]+\.js$/);
  await page.route("**/api/login", async (route) => {
    await screensCode;
    await route.continue();
  });
  await page.goto(yard().client.url);
  await console.heading("Overview");
  await page.getByText("Loading …").first().waitFor({ state: "detached" });
  assert.is(asked.filter((path) => path === "/api/login").length, 1, asked.join("\n"));
  assert.is(asked.filter((path) => path === "/api/me").length, 0, asked.join("\n"));
  // A slow machine comes to the time at which lists are read again.
  const paths = new Set(asked);
  assert.ok(paths.size <= MAX_REQUESTS, `${paths.size} requests:\n${[...paths].join("\n")}`);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

for (const colorScheme of ["light", "dark"] as const)
  test(`an address that leads nowhere says so and leads to the overview, from the server and within, ${colorScheme}`, async () => {
    const console = await signedIn("/sign-in", { colorScheme });
    const { page } = console;
    await console.heading("Overview");
    await page.evaluate(`history.pushState(null, "", "/console-page-that-is-not")`);
    await page.getByRole("heading", { level: 1, name: "Not found" }).waitFor();
    assert.equal(await findings(page), []);
    await page.getByRole("link", { name: "Go to the overview" }).click();
    await console.heading("Overview");
    assert.equal(console.wrongs, []);
    const found = await page.goto(`${yard().client.url}/console-page-that-is-not`);
    assert.is(found?.status(), 404);
    await console.heading("There is nothing at this address");
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await findings(page), []);
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"));
    await page.getByRole("link", { name: "Go to the overview" }).click();
    await console.heading("Overview");
    await page.context().close();
  });

test.run();
