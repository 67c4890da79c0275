// How many deliveries may begin now: a bucket that holds one second's worth.

export interface Rate {
  /** Takes up to `wanted`; tells how many it gave. */
  take(wanted: number): number;
  /** When the next one is there, in milliseconds from now. */
  waitMs(): number;
}

export const unlimited: Rate = { take: (wanted) => wanted, waitMs: () => 0 };

export function perSecond(limit: number, clock: () => number = () => performance.now()): Rate {
  const most = Math.max(1, limit);
  let held = most;
  let at = clock();
  const refill = (): void => {
    const now = clock();
    held = Math.min(most, held + ((now - at) / 1_000) * limit);
    at = now;
  };
  return {
    take(wanted) {
      refill();
      const given = Math.min(wanted, Math.floor(held));
      held -= given;
      return given;
    },
    waitMs() {
      refill();
      return held >= 1 ? 0 : Math.ceil(((1 - held) / limit) * 1_000);
    },
  };
}
