// The threads of one back-test that decide. Another is started when those that there are have enough to do.
//
// 1. No thread has more than a few batches at hand, so what is held is bounded.
// 2. What they counted is put together in the order of the log, whichever thread is first.
// 3. A thread that ends before it is told to ends the whole: what it had counts nowhere.
import { Worker, type WorkerOptions } from "node:worker_threads";
import { changesBetween, targetsOf } from "#domain/rules/ruleset.ts";
import { Comparison, type ComparisonResult } from "#domain/submission/comparison.ts";
import type { Batch } from "./backtest-batch.ts";
import type { BacktestTask, Counted } from "./backtest-task.ts";

/** One is decided while the keys of the other are fetched. */
const MAX_AT_HAND = 2;

interface Decider {
  readonly worker: Worker;
  readonly ended: Promise<unknown>;
  atHand: number;
}

export interface Deciders {
  /** Resolves once it is somebody's, which takes as long as all have enough to do. */
  take(batch: Batch): Promise<void>;
  /** What all batches came to, once they are through. */
  result(): Promise<ComparisonResult>;
}

export function createDeciders(
  { rules, against, connections }: Pick<BacktestTask, "rules" | "against" | "connections">,
  { threads, resourceLimits }: { readonly threads: number } & Pick<WorkerOptions, "resourceLimits">,
): Deciders {
  const deciders: Decider[] = [];
  const waiting = new Map<number, ComparisonResult>();
  const comparison = new Comparison();
  for (const { before, after } of against === undefined ? [] : changesBetween(against, rules))
    for (const { route } of [before, after].filter((rule) => rule !== undefined))
      for (const { partner } of targetsOf(route)) comparison.mention(partner);
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  let next = 0;
  let moved = Promise.withResolvers<void>();

  function start(): Decider {
    const worker = new Worker(new URL("./backtest-decider.ts", import.meta.url), {
      workerData: { rules, against, connections },
      ...(resourceLimits && { resourceLimits }),
    });
    const ended = Promise.withResolvers<void>();
    const decider: Decider = { worker, ended: ended.promise, atHand: 0 };
    worker.on("message", ({ number, counted }: Counted) => {
      decider.atHand -= 1;
      waiting.set(number, counted);
      for (let one = waiting.get(next); one !== undefined; one = waiting.get(next)) {
        comparison.include(one);
        waiting.delete(next);
        next += 1;
      }
      moved.resolve();
      moved = Promise.withResolvers();
    });
    worker.on("error", broken.reject);
    worker.on("exit", (code) => {
      ended.resolve();
      broken.reject(new Error(`a deciding thread ended with code ${code}`));
    });
    deciders.push(decider);
    return decider;
  }

  const somethingMoves = (): Promise<void> => Promise.race([moved.promise, broken.promise]);

  async function idle(): Promise<Decider> {
    for (;;) {
      const free = deciders.toSorted((a, b) => a.atHand - b.atHand)[0];
      if (free !== undefined && free.atHand < MAX_AT_HAND) return free;
      if (deciders.length < threads) return start();
      await somethingMoves();
    }
  }

  return {
    async take(batch) {
      const decider = await idle();
      decider.atHand += 1;
      decider.worker.postMessage({ batch }, [batch.data.buffer, batch.ends.buffer]);
    },
    async result() {
      while (deciders.some(({ atHand }) => atHand > 0)) await somethingMoves();
      for (const { worker } of deciders) worker.postMessage({});
      await Promise.all(deciders.map(({ ended }) => ended));
      return comparison.result();
    },
  };
}
