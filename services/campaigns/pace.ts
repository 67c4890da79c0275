// How fast a campaign goes, and what keeps it from going faster.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { sendableFrom } from "#domain/campaign/quiet.ts";
import type { Limit, Pace } from "#domain/campaign/request.ts";
import { type CampaignState, pendingIn } from "#domain/campaign/state.ts";
import { type TokenBucket, tokenBucket, unlimited } from "#platform/token-bucket.ts";

/** So that a second's worth is spread over the second, and whoever takes over begins with no more than a tenth of it. */
const BURST = 1 / 10;
const WINDOW_S = 60;

/** The bucket stays the same for as long as the rate does. */
export function rateOf(configured: () => ConfiguredCampaign): () => TokenBucket {
  let made = { rate: undefined as number | undefined, bucket: unlimited };
  return () => {
    const rate = configured().definition.rate?.per_second;
    if (made.rate !== rate)
      made = {
        rate,
        bucket:
          rate === undefined
            ? unlimited
            : tokenBucket(rate, undefined, Math.max(1, Math.floor(rate * BURST))),
      };
    return made.bucket;
  };
}

export interface Counted {
  count(many: number): void;
  perSecond(): number;
}

/** Over the last minute, or since it began to count. */
export function countPerSecond(now: () => number = () => performance.now()): Counted {
  const began = now();
  const seconds = new Map<number, number>();
  const current = (): number => Math.floor(now() / 1_000);
  function forget(): void {
    for (const second of seconds.keys()) {
      if (second > current() - WINDOW_S) break;
      seconds.delete(second);
    }
  }
  return {
    count(many) {
      seconds.set(current(), (seconds.get(current()) ?? 0) + many);
      forget();
    },
    perSecond() {
      forget();
      const sum = [...seconds.values()].reduce((one, other) => one + other, 0);
      const over = Math.min(WINDOW_S, Math.max(1, (now() - began) / 1_000));
      return Math.round((sum / over) * 10) / 10;
    },
  };
}

/** A send that takes longer waits at its partner. */
const LONG_MS = 5_000;

/** Whether somebody should go on now: is at work, may begin, or has waited long enough. */
export function hasWork(
  { standing, definition }: ConfiguredCampaign,
  state: CampaignState,
  now: number,
): boolean {
  if (standing !== "running" || sendableFrom(definition.quiet, now) > now) return false;
  const { members, import: importing } = state;
  const isDue = members.nextDueAt <= now;
  const isImporting = importing?.state === "running";
  return pendingIn(state) + members.working.size > 0 || isDue || isImporting;
}

export function paceOf(
  { standing, definition }: ConfiguredCampaign,
  state: CampaignState,
  {
    now,
    bucket,
    perSecond,
    oldestSendMs,
  }: {
    readonly now: number;
    readonly bucket: TokenBucket;
    readonly perSecond: number;
    /** How long the oldest send that is under way has been so. */
    readonly oldestSendMs: number;
  },
): Pace {
  const { working, nextDueAt } = state.members;
  const limited = (limited_by: Limit | null, until?: number): Pace => ({
    per_second: perSecond,
    limited_by,
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  });
  const isWaited = pendingIn(state) > 0 || nextDueAt <= now;
  const isAnybodyLeft = isWaited || working.size > 0 || Number.isFinite(nextDueAt);
  if (standing === "paused" && isAnybodyLeft) return limited("paused");
  if (!isWaited && working.size === 0) return limited(null);
  const opens = sendableFrom(definition.quiet, now);
  if (isWaited && opens > now) return limited("quiet_hours", opens);
  if (oldestSendMs > LONG_MS) return limited("partner");
  if (!isWaited) return limited(null);
  if (working.size >= definition.concurrency) return limited("concurrency");
  return limited(bucket.waitMs() > 0 ? "rate" : "workers");
}
