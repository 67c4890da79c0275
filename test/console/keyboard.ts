// A person without a mouse: Tab until what is wanted has the focus, then type or press.
import type { Page } from "playwright-core";
import { until } from "../harness/wait.ts";

/** More than any screen has places for the focus. */
const MAX_PRESSES = 120;

/** What the focused element is called: by its label, else by what it says. */
export async function focused(page: Page): Promise<string> {
  const name = await page.evaluate(
    "((one) => one.labels?.[0]?.textContent ?? one.getAttribute('aria-label') ?? one.textContent)(document.activeElement)",
  );
  return String(name).trim();
}

/** A dialog takes the focus a moment after it opens, and what is typed before is lost. */
export const untilFocus = (page: Page, name: string): Promise<unknown> =>
  until(`${name} has the focus`, async () => (await focused(page)) === name);

/** Tab until what has the focus is called so; how many presses that took. */
export async function tabTo(page: Page, name: string, maxPresses = MAX_PRESSES): Promise<number> {
  for (let presses = 1; presses <= maxPresses; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)) === name) return presses;
  }
  throw new Error(`the keyboard does not reach ${name}`);
}
