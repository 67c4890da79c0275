// What takes long with a large set of rules runs beside the gateway's own thread, so that no submission waits for it.
import { Worker } from "node:worker_threads";
import type { Findings } from "#domain/rules/check/check.ts";
import type { Rule } from "#domain/rules/rule.ts";
import type { RuleConflict } from "#domain/rules/ruleset.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import { Refused, refusal } from "../refusal.ts";

export interface Analysis {
  check(rules: readonly Rule[]): Promise<Findings>;
  conflicts(rules: readonly Rule[]): Promise<readonly RuleConflict[]>;
}

export type Question = { readonly id: number; readonly rules: readonly Rule[]; readonly only?: "conflicts" };
export type Reply = { readonly id: number } & ({ readonly found: unknown } | { readonly error: string });

/** A check of a thousand rules takes well below a second; what takes this long will not end. */
const MAX_MS = 20_000;

class AnalysisFailed extends Error {
  override name = "AnalysisFailed";
}

export function createAnalysis(lifecycle: Lifecycle): Analysis {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let worker: Worker | undefined;
  let questions = 0;

  function failAll(failed: Worker, why: string): void {
    // One that failed ends a moment later: another may be at work by then.
    if (worker !== failed) return;
    for (const { reject } of waiting.values()) reject(new AnalysisFailed(why));
    waiting.clear();
    worker = undefined;
  }

  function running(): Worker {
    if (worker !== undefined) return worker;
    const started = new Worker(new URL("./analysis-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    started.unref();
    started.on("message", (reply: Reply) => {
      const asked = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ("error" in reply) asked?.reject(new AnalysisFailed(reply.error));
      else asked?.resolve(reply.found);
    });
    started.on("error", (error) => failAll(started, error.message));
    started.on("exit", () => failAll(started, "the analysis ended"));
    worker = started;
    return started;
  }

  async function ask(question: Omit<Question, "id">): Promise<unknown> {
    questions += 1;
    const id = questions;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    const used = running();
    used.postMessage({ id, ...question } satisfies Question);
    const timer = setTimeout(() => void used.terminate(), MAX_MS);
    return answer.promise.finally(() => clearTimeout(timer));
  }

  lifecycle.own("rule analysis", async () => {
    await worker?.terminate();
  });
  return {
    check: (rules) => ask({ rules }) as Promise<Findings>,
    conflicts: (rules) => ask({ rules, only: "conflicts" }) as Promise<readonly RuleConflict[]>,
  };
}

/** What can't be analysed is refused. */
export async function analysed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AnalysisFailed)) throw error;
    const detail =
      "The rules are too many or too entangled to be checked in time; simplify them, or use force: true in the body, or ?force=true where the path names a rule";
    throw new Refused(refusal("unacceptable", { detail }));
  }
}
