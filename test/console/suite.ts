// One yard and one browser for the tests of a file.
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import { configureDemo } from "../e2e/demo-partners.ts";
import { type RunningYard, startYard } from "../e2e/yard.ts";
import { allOrNone } from "../harness/started.ts";
import {
  type ConsoleOptions,
  type ConsolePage,
  launchBrowser,
  openConsole,
  signInByToken,
} from "./browser.ts";

/** As test/e2e/yard.ts gives it. */
export const TOKEN = "token-of-the-tests";

export interface ConsoleSuite {
  readonly test: ReturnType<typeof suite>;
  readonly yard: () => RunningYard;
  readonly browser: () => Browser;
  /** Signed in as the admin. */
  signedIn(path?: string, options?: ConsoleOptions): Promise<ConsolePage>;
}

async function startBrowser(): Promise<{ readonly browser: Browser; stop(): Promise<void> }> {
  const browser = await launchBrowser();
  return { browser, stop: () => browser.close() };
}

export function consoleSuite(name: string): ConsoleSuite {
  const test = suite(name);
  let yard: RunningYard;
  let browser: Browser;
  test.before(async () => {
    [yard, browser] = await allOrNone("a yard with a browser", async (own) => {
      const started = await Promise.all([own(() => startYard("together")), own(startBrowser)]);
      await configureDemo(started[0].client, started[0].simulatorUrl);
      return [started[0], started[1].browser];
    });
  });
  test.after(async () => {
    await browser?.close();
    await yard?.stop();
  });
  return {
    test,
    yard: () => yard,
    browser: () => browser,
    async signedIn(path = "/", options = {}) {
      const console = await openConsole(browser, yard.client.url, options);
      await signInByToken(console, yard.client.url, TOKEN, path);
      return console;
    },
  };
}
