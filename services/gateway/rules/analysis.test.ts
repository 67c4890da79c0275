// The thread that checks rules, led by hand.
import { EventEmitter } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import workers from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Analysis, createAnalysis, type Question } from "./analysis.ts";

const test = suite("the analysis of rules");
const { Worker } = workers;
const started: LedWorker[] = [];

class LedWorker extends EventEmitter {
  readonly asked: Question[] = [];
  constructor() {
    super();
    started.push(this);
  }
  unref(): void {}
  postMessage(question: Question): void {
    this.asked.push(question);
  }
  async terminate(): Promise<number> {
    return 1;
  }
}

function ledAnalysis(): Analysis {
  Object.assign(workers, { Worker: LedWorker });
  syncBuiltinESMExports();
  return createAnalysis({ own: () => undefined, stop: async () => undefined, stopping: AbortSignal.any([]) });
}

test.after(() => {
  Object.assign(workers, { Worker });
  syncBuiltinESMExports();
});

test("goes on in another thread while the one that failed is still ending", async () => {
  const analysis = ledAnalysis();
  const lost = analysis.check([]).catch((error: unknown) => error);
  started[0]?.emit("error", new Error("out of memory"));
  assert.match(String(await lost), /out of memory/);
  const found = analysis.check([]);
  started[0]?.emit("exit", 1);
  const [, second] = started;
  second?.emit("message", { id: second.asked[0]?.id, found: "nothing" });
  assert.is(await found, "nothing");
  void analysis.check([]).catch(() => undefined);
  assert.is(started.length, 2, "there is one thread");
  second?.emit("exit", 1);
});

test("is not given up for those who wait behind one that takes too long", async () => {
  const before = started.length;
  const analysis = ledAnalysis();
  const endless = analysis.check([]).catch((error: unknown) => error);
  const next = analysis.check([]).catch((error: unknown) => error);
  const first = started[before];
  // As the thread does when its time is over.
  first?.emit("exit", 1);
  assert.match(String(await endless), /the analysis ended/);
  const second = started[before + 1];
  second?.emit("message", { id: second.asked[0]?.id, found: "nothing" });
  assert.is(await next, "nothing");
  assert.equal([first?.asked.length, second?.asked.length], [1, 1]);
});

test.run();
