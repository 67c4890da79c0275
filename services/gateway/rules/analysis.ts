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

interface Asked {
  readonly question: Question;
  readonly answer: PromiseWithResolvers<unknown>;
}

class AnalysisFailed extends Error {
  override name = "AnalysisFailed";
}

export function createAnalysis(lifecycle: Lifecycle): Analysis {
  const line: Asked[] = [];
  let atWork: Asked | undefined;
  let timer: NodeJS.Timeout | undefined;
  let worker: Worker | undefined;
  let questions = 0;

  function running(): Worker {
    if (worker !== undefined) return worker;
    const started = new Worker(new URL("./analysis-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    started.unref();
    started.on("message", (reply: Reply) => {
      if (reply.id !== atWork?.question.id) return;
      const { answer } = atWork;
      if ("error" in reply) answer.reject(new AnalysisFailed(reply.error));
      else answer.resolve(reply.found);
      goOn();
    });
    started.on("error", (error) => failed(started, error.message));
    started.on("exit", () => failed(started, "the analysis ended"));
    worker = started;
    return started;
  }

  function failed(one: Worker, why: string): void {
    // One that failed ends a moment later: another may be at work by then.
    if (worker !== one) return;
    worker = undefined;
    atWork?.answer.reject(new AnalysisFailed(why));
    goOn();
  }

  /** One at a time, so that none ends with another, and the time of each begins when it is at work. */
  function goOn(): void {
    clearTimeout(timer);
    atWork = line.shift();
    if (atWork === undefined) return;
    const used = running();
    used.postMessage(atWork.question);
    timer = setTimeout(() => {
      // At once: what it may still say comes too late, and nothing more is asked of it.
      failed(used, "the analysis took too long");
      void used.terminate();
    }, MAX_MS);
  }

  function ask(question: Omit<Question, "id">): Promise<unknown> {
    questions += 1;
    const answer = Promise.withResolvers<unknown>();
    line.push({ question: { id: questions, ...question }, answer });
    if (atWork === undefined) goOn();
    return answer.promise;
  }

  lifecycle.own("rule analysis", async () => {
    for (const { answer } of line.splice(0)) answer.reject(new AnalysisFailed("the gateway stops"));
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
