import { setTimeout as pause } from "node:timers/promises";

/** Asks again until the answer is there; the deadline is only for what will never come. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 30_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(25);
  }
  const because = last instanceof Error ? `; at last: ${last.message}` : "";
  throw new Error(`waited ${deadlineMs} ms in vain until ${what}${because}`);
}
