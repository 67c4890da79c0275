// The way out to a partner, made anew when its configuration asks for another one.
import type { Log } from "#platform/log.ts";
import type { Entry } from "./directory.ts";
import { type Channel, openChannel } from "./http-channel.ts";
import { perSecond, type Rate, unlimited } from "./rate.ts";

export interface Outlet {
  readonly channel: Channel;
  readonly rate: Rate;
  close(): Promise<void>;
}

export interface OutletOptions {
  readonly entry: () => Entry;
  readonly allowPrivate: boolean;
  readonly log: Log;
}

export function createOutlet({ entry, allowPrivate, log }: OutletOptions): Outlet {
  const shapeOf = ({ config: { delivery, limits, idempotent } }: Entry): string =>
    JSON.stringify([delivery, limits, idempotent]);
  const open = ({ config: { delivery, limits, idempotent } }: Entry): Channel =>
    openChannel({
      url: delivery.url,
      concurrency: limits.concurrency,
      timeoutMs: delivery.timeout_ms,
      keepAlive: idempotent,
      allowPrivate,
    });
  const rateOf = ({ config: { limits } }: Entry): Rate =>
    limits.per_second === undefined ? unlimited : perSecond(limits.per_second);

  let seen = entry();
  let channel = open(seen);
  let rate = rateOf(seen);

  /** Looked at with each use, so that no change is missed, however early it comes. */
  function keepUp(): void {
    const now = entry();
    if (now === seen) return;
    const same = shapeOf(now) === shapeOf(seen);
    seen = now;
    if (same) return;
    const before = channel;
    channel = open(now);
    rate = rateOf(now);
    before.close().catch((error: unknown) => log.debug({ err: error }, "a channel did not close cleanly"));
  }

  return {
    get channel() {
      keepUp();
      return channel;
    },
    get rate() {
      keepUp();
      return rate;
    },
    close: () => channel.close(),
  };
}
