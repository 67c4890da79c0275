// Asks one thing again and again, and tells the longest that it took.
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";

const EVERY_MS = 5;

export function slowestAnswer(url: string): { stop(): Promise<number> } {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: 1 });
  let isOver = false;
  let slowest = 0;
  const asking = (async () => {
    while (!isOver) {
      const began = performance.now();
      const { body } = await pool.request({ method: "GET", path });
      await body.dump();
      slowest = Math.max(slowest, performance.now() - began);
      await pause(EVERY_MS);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await asking;
      await pool.close();
      return slowest;
    },
  };
}
