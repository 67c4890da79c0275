// Requests that wait for room before anything of them is read, so that a burst is absorbed and not refused. What waits is a socket
// with its headers: its body stays with the sender.
//
// 1. No more requests are inside at once than there is room for, and whoever came first goes first.
// 2. Fairness: sources take turns, however many requests each of them has waiting.
// 3. Nobody waits longer than `maxWaitMs`, and no more than `MAX_WAITING` wait: then they are told to come again.

export interface WaitingLine {
  /** True when the request may go on; `leave` must be called once for each that may. */
  enter(source: string): boolean | Promise<boolean>;
  leave(): void;
  readonly waiting: number;
}

interface Waiter {
  readonly admit: (may: boolean) => void;
  readonly deadline: number;
}

const MAX_WAITING = 20_000;

export interface WaitingLineOptions {
  /** How many may be inside; may change at any time. */
  readonly room: () => number;
  readonly maxWaitMs: () => number;
  readonly now?: () => number;
}

export function createWaitingLine({
  room,
  maxWaitMs,
  now = () => performance.now(),
}: WaitingLineOptions): WaitingLine {
  /** By source; the one whose turn it is comes first. */
  const lines = new Map<string, Waiter[]>();
  let inside = 0;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;

  function admitNext(): void {
    while (waiting > 0 && inside < room()) {
      const [source, line] = lines.entries().next().value as [string, Waiter[]];
      const next = line.shift() as Waiter;
      // 2
      lines.delete(source);
      if (line.length > 0) lines.set(source, line);
      waiting -= 1;
      inside += 1;
      next.admit(true);
    }
    if (waiting === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
  }

  /** 3. Nearly all wait equally long, so that in each line those whose time is over come first. */
  function sendAwayLate(): void {
    const late = now();
    for (const [source, line] of lines) {
      while (line[0] !== undefined && line[0].deadline <= late) {
        waiting -= 1;
        line.shift()?.admit(false);
      }
      if (line.length === 0) lines.delete(source);
    }
    watch();
  }

  function watch(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === 0) return;
    const first = Math.min(
      ...Array.from(lines.values(), ([next]) => next?.deadline ?? Number.POSITIVE_INFINITY),
    );
    timer = setTimeout(sendAwayLate, Math.max(1, first - now()));
  }

  return {
    enter(source) {
      if (waiting === 0 && inside < room()) {
        inside += 1;
        return true;
      }
      if (waiting >= MAX_WAITING) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const line = lines.get(source) ?? [];
      line.push({ admit: resolve, deadline: now() + maxWaitMs() });
      lines.set(source, line);
      waiting += 1;
      if (timer === undefined) watch();
      admitNext();
      return promise;
    },
    leave() {
      inside -= 1;
      admitNext();
    },
    get waiting() {
      return waiting;
    },
  };
}
