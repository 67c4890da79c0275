// An attempt that is over in its time, and soon after it is abandoned, whatever its channel does.
import type { Attempt, Prepared, Sent } from "./channels/channel.ts";

/** What a channel is given for ending the attempt itself, beyond its time or once it is abandoned: it knows better what came of it. */
const MARGIN_MS = 500;

/** Rejects where the channel does. */
export async function boundedSend(prepared: Prepared, { obstacle, abandon }: Attempt): Promise<Sent> {
  const over = new AbortController();
  let isOver = false;
  const ended = Promise.withResolvers<Sent>();
  let overdue: NodeJS.Timeout | undefined;

  const endWithin = (ms: number, outcome: "unknown" | "interrupted", reason: string): void => {
    clearTimeout(overdue);
    overdue = setTimeout(() => {
      ended.resolve({ outcome: { outcome, reason }, response: { error: reason } });
      over.abort();
    }, ms);
  };
  const onAbandoned = (): void => {
    over.abort();
    endWithin(MARGIN_MS, "interrupted", "abandoned");
  };
  endWithin(prepared.timeoutMs + MARGIN_MS, "unknown", "timeout");
  abandon.addEventListener("abort", onAbandoned);
  if (abandon.aborted) onAbandoned();
  try {
    // Who comes late must not begin any more: what came of the attempt is recorded by then.
    const attempt = { obstacle: () => (isOver ? "over" : obstacle()), abandon: over.signal };
    return await Promise.race([(async () => prepared.send(attempt))(), ended.promise]);
  } finally {
    clearTimeout(overdue);
    abandon.removeEventListener("abort", onAbandoned);
    isOver = true;
  }
}
