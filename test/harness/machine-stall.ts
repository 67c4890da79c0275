// How long the machine itself stood still: a thread that has nothing to do is late by just that, whatever the code under test does.
import { Worker } from "node:worker_threads";

export interface MachineStall {
  /** Since it was started, in milliseconds. */
  total(): number;
  stop(): Promise<void>;
}

const TICK_MS = 10;
/** What is later than this stalls; the rest is the everyday sharing of a core. */
const LATE_MS = 50;

const script = `
  const { workerData } = require("node:worker_threads");
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const late = now - last - ${TICK_MS};
    if (late > ${LATE_MS}) Atomics.add(workerData, 0, Math.round(late));
    last = now;
  }, ${TICK_MS});
`;

export function watchMachine(): MachineStall {
  const stalled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const ticker = new Worker(script, { eval: true, workerData: stalled });
  ticker.unref();
  return {
    total: () => Atomics.load(stalled, 0),
    stop: async () => void (await ticker.terminate()),
  };
}
