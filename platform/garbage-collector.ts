// The engine's collector, for moments that we know better than the engine: before work begins, and when a process has become idle.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const OPTIONS = {
  /** Empties the young generation. */
  quick: { type: "major" },
  /** Takes several rounds, and gives memory back to the system. */
  thorough: { type: "major", flavor: "last-resort" },
} as const;

/** Stops the process for a moment; code that was compiled stays. The flag takes effect in contexts that are made after it. */
export function garbageCollector(how: keyof typeof OPTIONS): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as NonNullable<typeof globalThis.gc>;
  setFlagsFromString("--no-expose-gc");
  return () => gc(OPTIONS[how] as Parameters<typeof gc>[0]);
}
