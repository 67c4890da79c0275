// How many may begin now: a bucket that holds one second's worth, if not said otherwise, and is filled continuously.

export interface TokenBucket {
  /** Takes up to `wanted`; tells how many it gave. */
  take(wanted: number): number;
  /** Gives back what was taken and not used. */
  giveBack(unused: number): void;
  /** How long until the next one is there. */
  waitMs(): number;
}

export const unlimited: TokenBucket = {
  take: (wanted) => wanted,
  giveBack: () => undefined,
  waitMs: () => 0,
};

/** `size`: how many may begin at once. */
export function tokenBucket(
  perSecond: number,
  clock: () => number = () => performance.now(),
  size = Math.max(1, perSecond),
): TokenBucket {
  let tokens = size;
  let filledAt = clock();
  const fill = (): void => {
    const now = clock();
    tokens = Math.min(size, tokens + (Math.max(0, now - filledAt) / 1_000) * perSecond);
    filledAt = now;
  };
  return {
    take(wanted) {
      fill();
      const given = Math.min(wanted, Math.floor(tokens));
      tokens -= given;
      return given;
    },
    giveBack(unused) {
      tokens = Math.min(size, tokens + unused);
    },
    waitMs() {
      fill();
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1_000);
    },
  };
}

/** The bucket stays the same for as long as the rate does. */
export function currentBucket(rate: () => number | undefined): () => TokenBucket {
  let made = { rate: undefined as number | undefined, bucket: unlimited };
  return () => {
    const perSecond = rate();
    if (made.rate !== perSecond)
      made = { rate: perSecond, bucket: perSecond === undefined ? unlimited : tokenBucket(perSecond) };
    return made.bucket;
  };
}
