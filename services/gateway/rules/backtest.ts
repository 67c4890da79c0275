// POST /api/rules/backtest: what a draft would have decided in the past, as lines of JSON that tell how far it has come.
import { PassThrough } from "node:stream";
import { Worker } from "node:worker_threads";
import type { Connections } from "#platform/connections.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Log } from "#platform/log.ts";
import { byOf } from "../access/person.ts";
import type { Routes } from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import type { BacktestMessage, BacktestTask } from "./backtest-task.ts";
import type { RulesetView } from "./ruleset-view.ts";
import * as schemas from "./schemas.ts";
import { whenOf } from "./when.ts";

export interface BacktestParts {
  /** Says where the log ended lately. */
  readonly view: Pick<RulesetView, "position" | "current">;
  readonly connections: Connections;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

const NDJSON = "application/x-ndjson";
/** Of all people together: each takes all cores of a small machine for as long as it runs. */
const MAX_AT_ONCE = 2;
const RETRY_AFTER_S = 10;
/** The history streams through; what is held is one batch of it. */
const MAX_HEAP_MB = 256;
/** Room for a batch, so that it dies young. */
const MAX_YOUNG_MB = 32;

export function backtestRoutes(parts: BacktestParts): Routes {
  const { view, connections, lifecycle, log } = parts;
  const running = new Map<string, Worker>();
  lifecycle.own("back-tests", async () => {
    await Promise.all(Array.from(running.values(), (worker) => worker.terminate()));
  });

  function start(person: string, task: Omit<BacktestTask, "connections">): PassThrough {
    const lines = new PassThrough();
    const { eventstoreUrl, databaseUrl, dataDir, masterKey, readableMasterKeys, logLevel, instance } =
      connections;
    const own = { eventstoreUrl, databaseUrl, dataDir, masterKey, readableMasterKeys, logLevel, instance };
    const worker = new Worker(new URL("./backtest-worker.ts", import.meta.url), {
      workerData: { ...task, connections: own } satisfies BacktestTask,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
    });
    running.set(person, worker);
    const began = performance.now();
    let isDone = false;
    const write = (line: object): void => {
      if (!lines.destroyed && !lines.writableEnded) lines.write(`${JSON.stringify(line)}\n`);
    };
    // At once, so that who asks knows that it is under way; the worker will say how much there really is to read.
    write({ progress: { done: 0, total: Number(view.position) }, note: schemas.BACKTEST_NOTE });
    worker.on("message", (message: BacktestMessage) => {
      write(message);
      isDone ||= "result" in message;
    });
    worker.on("error", (error) => {
      log.warn({ err: error }, "back-test failed");
    });
    worker.on("exit", () => {
      running.delete(person);
      const ms = Math.round(performance.now() - began);
      log.info({ ms, finished: isDone }, "back-test ended");
      if (!isDone)
        write({ error: "The back-test broke off; try again, with a shorter time where it does so again" });
      lines.end();
    });
    // Nobody reads on: what is not wanted any more is not worked out.
    lines.on("close", () => void worker.terminate());
    lines.on("error", () => undefined);
    return lines;
  }

  return async (app) => {
    app.post(
      "/api/rules/backtest",
      {
        schema: {
          summary: "What a draft would have decided of the submissions of the past",
          description: schemas.BACKTEST_NOTE,
          body: schemas.Backtest,
          response: { 200: { content: { [NDJSON]: { schema: schemas.BacktestLine } } } },
          position: false,
          refusals: ["unacceptable", "conflict", "rate_limited"],
        },
      },
      (request, reply) => {
        const { rules, against, from, to } = request.body;
        const task = {
          rules,
          against: against === "in_force" ? view.current().rules : undefined,
          from: from === undefined ? undefined : whenOf(from, "from"),
          to: to === undefined ? undefined : whenOf(to, "to"),
        };
        const person = byOf(request);
        if (running.has(person))
          throw new Refused(
            refusal("conflict", { detail: "A back-test of yours is under way; wait for it, or leave it" }),
          );
        if (running.size >= MAX_AT_ONCE)
          throw new Refused(
            refusal("rate_limited", {
              detail: "As many back-tests are under way as may be; try again when one has ended",
              retryAfterS: RETRY_AFTER_S,
            }),
          );
        return reply.type(NDJSON).send(start(person, task));
      },
    );
  };
}
