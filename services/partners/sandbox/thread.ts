// A thread of the sandbox: nothing but QuickJS, whose memory is bounded for all runs together.
import { parentPort } from "node:worker_threads";
import releaseSync from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import { type Evaluation, evaluate } from "./evaluation.ts";
import type { FromThread, ToThread } from "./messages.ts";

// Node has it, the types that we use don't.
declare const WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => never };

const PAGE_BYTES = 64 * 1024;
const [FIRST_BYTES, MAX_BYTES] = [16 * 1024 * 1024, 160 * 1024 * 1024];

const wasmMemory = new WebAssembly.Memory({
  initial: FIRST_BYTES / PAGE_BYTES,
  maximum: MAX_BYTES / PAGE_BYTES,
});
// Its types are those of its CommonJS form, whose default export is the module itself.
const variant = releaseSync as unknown as QuickJSSyncVariant;
const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }));
const evaluations = new Map<number, Evaluation>();
const say = (message: FromThread): void => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToThread) => {
  const { run } = message;
  switch (message.type) {
    case "run": {
      let hasEnded = false;
      const evaluation = evaluate({
        quickjs,
        job: message.job,
        fetch: (call, request) => say({ type: "fetch", run, call, request }),
        onEnd(result, isSound) {
          evaluations.delete(run);
          hasEnded = true;
          say({ type: "ended", run, result, isSound });
        },
      });
      if (!hasEnded) evaluations.set(run, evaluation);
      return;
    }
    case "fetched":
      return evaluations.get(run)?.fetched(message.call, message.result);
    case "cancel":
      return evaluations.get(run)?.cancel(message.failure);
  }
});
say({ type: "started" });
