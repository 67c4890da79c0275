// `npm run bench -- console [--leads <count>] [--seconds <watched>]`: the console in Debian's Chromium, of a yard as npm start runs it: how soon its
// first screen is there, what it loads for that, what a hundred updates a second cost the browser, and how smoothly a long list scrolls.
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { newSecret } from "#platform/webhooks.ts";
import { launchBrowser, openConsole, signInByToken } from "../console/browser.ts";
import { readStream } from "../gateway/stream-reader.ts";
import { startLaunchedYard } from "../harness/launched-yard.ts";
import { costWhile, quantile, WATCH, watchedWhile } from "./console/browser-cost.ts";
import { handIn, type Producer, trickle } from "./console/leads.ts";

const TOKEN = "token-of-the-benchmark";
const FIRST_SCREENS = 7;
const PAGES = 20;
const UPDATES_PER_S = 100;
/** Each submission is told of about three times: received, queued or delivering, delivered. */
const UPDATES_EACH = 3;
const SCROLL_STEP_PX = 120;

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      leads: { type: "string", default: "100000" },
      seconds: { type: "string", default: "20" },
    },
  });
  const [leads, seconds] = [Number(values.leads), Number(values.seconds)];
  const secret = newSecret();
  const yard = await startLaunchedYard("console-bench-", { ADMIN_TOKEN: TOKEN, SOURCES: `bench:${secret}` });
  const browser = await launchBrowser();
  try {
    const producer = { url: yard.endpoints.http_url, token: TOKEN, source: "bench", secret };
    const cookies = await signedIn(browser, producer.url);
    await firstScreen(browser, producer.url, cookies);
    await manyUpdates(browser, producer, cookies, seconds);
    const began = performance.now();
    await handIn(producer, leads);
    console.log(
      `${leads.toLocaleString("en")} leads handed in and at their end in ${((performance.now() - began) / 1_000).toFixed(0)} s; load of the machine ${loadavg()[0]?.toFixed(1)}`,
    );
    await longList(browser, producer.url, cookies);
  } finally {
    await browser.close();
    await yard.stop();
  }
}

type Cookies = Awaited<ReturnType<BrowserContext["cookies"]>>;

async function signedIn(browser: Browser, url: string): Promise<Cookies> {
  const opened = await openConsole(browser, url);
  await signInByToken(opened, url, TOKEN);
  await isThere(opened.page);
  const cookies = await opened.page.context().cookies();
  await opened.page.context().close();
  return cookies;
}

/** The overview with its figures, not only with its frame. */
async function isThere(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByText("in the last hour").first().waitFor();
  await page.getByText("Loading …").first().waitFor({ state: "detached" });
}

async function newPage(browser: Browser, cookies: Cookies): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  return page;
}

/** Each time in a browser that has nothing in its cache. */
async function firstScreen(browser: Browser, url: string, cookies: Cookies): Promise<void> {
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < FIRST_SCREENS; n += 1) {
    const page = await newPage(browser, cookies);
    const sizes: Promise<number>[] = [];
    page.on("response", (response) => {
      if (!new URL(response.url()).pathname.endsWith(".js")) return;
      sizes.push(
        response
          .request()
          .sizes()
          .then(({ responseBodySize }) => responseBodySize),
      );
    });
    const began = performance.now();
    await page.goto(url);
    await isThere(page);
    times.push(performance.now() - began);
    bytes = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
    await page.context().close();
  }
  console.log(
    `first screen, nothing in the cache: ${quantile(times, 0.5).toFixed(0)} ms, slowest of ${FIRST_SCREENS} ${Math.max(...times).toFixed(0)} ms (wanted: < 1,000)`,
  );
  console.log(`JavaScript until then: ${(bytes / 1_000).toFixed(0)} KB compressed (wanted: < 200)`);
}

async function manyUpdates(
  browser: Browser,
  producer: Producer,
  cookies: Cookies,
  seconds: number,
): Promise<void> {
  const page = await newPage(browser, cookies);
  await page.goto(producer.url);
  await isThere(page);
  const reader = await readStream({ url: producer.url, token: TOKEN });
  const stopping = new AbortController();
  const sending = trickle(producer, Math.ceil(UPDATES_PER_S / UPDATES_EACH), stopping.signal);
  await pause(2_000);
  const [before, began] = [reader.events.length, performance.now()];
  const watched = { tasks: 0 };
  const cost = await costWhile(page, async () => {
    const { tasks } = await watchedWhile(page, () => pause(seconds * 1_000));
    watched.tasks = tasks.length;
  });
  const perSecond = (reader.events.length - before) / ((performance.now() - began) / 1_000);
  stopping.abort();
  await sending;
  reader.close();
  await page.context().close();
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  console.log(
    `${perSecond.toFixed(0)} updates/s on the overview for ${seconds} s: ${percent(cost.mainThread)} of a core on the page's main thread ` +
      `(wanted: < 20), script ${percent(cost.script)}, style and layout ${percent(cost.layout)}; ${watched.tasks} tasks of more than 50 ms`,
  );
}

async function longList(browser: Browser, url: string, cookies: Cookies): Promise<void> {
  const page = await newPage(browser, cookies);
  await page.goto(`${url}/leads`);
  await page.getByRole("row").nth(2).waitFor();
  await page.mouse.move(700, 500);
  const turns: number[] = [];
  const scroll = async (): Promise<void> => {
    const height = Number(await page.evaluate("document.documentElement.scrollHeight - innerHeight"));
    for (let at = 0; at < height; at += SCROLL_STEP_PX) {
      await page.mouse.wheel(0, SCROLL_STEP_PX);
      await page.evaluate("new Promise(requestAnimationFrame)");
    }
  };
  const { frames, tasks } = await watchedWhile(page, async () => {
    for (let n = 0; n < PAGES; n += 1) {
      await scroll();
      const last = (await page.locator(".lead-name .mono").last().textContent()) ?? "";
      const began = performance.now();
      await page.getByRole("button", { name: "Older" }).click();
      await page.getByText(last).waitFor({ state: "detached" });
      turns.push(performance.now() - began);
    }
  });
  await page.context().close();
  console.log(
    `${PAGES} pages of the list scrolled: frames of ${quantile(frames, 0.5).toFixed(0)} ms (median), ${quantile(frames, 0.99).toFixed(0)} ms (p99); ` +
      `${tasks.length} tasks of more than 50 ms (wanted: 0)${tasks.length > 0 ? `, the longest ${Math.max(...tasks.map(({ duration }) => duration)).toFixed(0)} ms` : ""}`,
  );
  console.log(
    `the next page of the list is there after ${quantile(turns, 0.5).toFixed(0)} ms, slowest of ${PAGES} ${Math.max(...turns).toFixed(0)} ms`,
  );
}
