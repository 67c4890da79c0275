// What a page costs the browser: the CPU of its main thread, its frames, and tasks that hold it up.
import type { CDPSession, Page } from "playwright-core";

export interface PageCost {
  /** Of one core, over the time that was watched. */
  readonly mainThread: number;
  readonly script: number;
  readonly layout: number;
}

type Counters = Readonly<Record<string, number>>;

async function counters(session: CDPSession): Promise<Counters> {
  const { metrics } = await session.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** By the clock of the thread: what other processes take of a core does not count for the page. */
export async function costWhile(page: Page, work: () => Promise<void>): Promise<PageCost> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const [before, began] = [await counters(session), performance.now()];
  await work();
  const [after, seconds] = [await counters(session), (performance.now() - began) / 1_000];
  await session.detach();
  const share = (...names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (after[name] ?? 0) - (before[name] ?? 0), 0) / seconds;
  return {
    mainThread: share("TaskDuration"),
    script: share("ScriptDuration"),
    layout: share("LayoutDuration", "RecalcStyleDuration"),
  };
}

/** Given to a page before anything of it runs. */
export const WATCH = `
  globalThis.watched = { frames: [], tasks: [] };
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) watched.tasks.push({ duration, startTime });
  }).observe({ type: "longtask", buffered: true });
  let last;
  const frame = (now) => {
    if (last !== undefined) watched.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
`;

export interface Watched {
  /** The time between two frames, ms. */
  readonly frames: readonly number[];
  /** Tasks of more than 50 ms. */
  readonly tasks: readonly { readonly duration: number; readonly startTime: number }[];
}

export async function watchedWhile(page: Page, work: () => Promise<void>): Promise<Watched> {
  await page.evaluate("watched.frames.length = watched.tasks.length = 0");
  await work();
  return (await page.evaluate("watched")) as Watched;
}

export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;
