// How late the event loop is: the delay of a timer beyond its time, gathered in windows so that each scrape sees the same.
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 20;
const WINDOW_MS = 15_000;

export interface EventLoop {
  /** The longest delay in the last whole window, or in the present one where that is longer. */
  lagSeconds(): number;
}

export function watchEventLoop(): EventLoop {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let before = 0;
  // The timer itself is part of what is measured.
  const max = (): number => (delays.count === 0 ? 0 : Math.max(0, delays.max / 1e9 - RESOLUTION_MS / 1_000));
  setInterval(() => {
    before = max();
    delays.reset();
  }, WINDOW_MS).unref();
  return { lagSeconds: () => Math.max(before, max()) };
}
