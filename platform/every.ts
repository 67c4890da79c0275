// Work that is repeated: one round at a time, and a round that fails is told and does not end the others.

export interface EveryOptions {
  readonly ms: number;
  readonly work: () => Promise<void> | void;
  readonly onError?: (error: unknown) => void;
  /** Also at once, not only after the first interval. */
  readonly atOnce?: boolean;
  /** False: the process may end when nothing else is left to do. */
  readonly keepsAlive?: boolean;
}

/** Returns what ends it. A round that is still under way then ends by itself. */
export function every({ ms, work, onError, atOnce = false, keepsAlive = true }: EveryOptions): () => void {
  let working = false;
  async function round(): Promise<void> {
    if (working) return;
    working = true;
    try {
      await work();
    } catch (error) {
      onError?.(error);
    } finally {
      working = false;
    }
  }
  if (atOnce) void round();
  const timer = setInterval(() => void round(), ms);
  if (!keepsAlive) timer.unref();
  return () => clearInterval(timer);
}
