// The way out to a partner, made anew when its configuration asks for another one.
import type { Log } from "#platform/log.ts";
import type { Entry } from "./directory.ts";
import { type Channel, openChannel } from "./http-channel.ts";
import { perSecond, type Rate, unlimited } from "./rate.ts";

export interface Outlet {
  readonly channel: Channel;
  readonly rate: Rate;
  /** To be called after each change of the configuration. */
  refresh(): void;
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

  let shape = shapeOf(entry());
  let channel = open(entry());
  let rate = rateOf(entry());
  return {
    get channel() {
      return channel;
    },
    get rate() {
      return rate;
    },
    refresh() {
      const now = shapeOf(entry());
      if (now === shape) return;
      shape = now;
      const before = channel;
      channel = open(entry());
      rate = rateOf(entry());
      before.close().catch((error: unknown) => log.debug({ err: error }, "a channel did not close cleanly"));
    },
    close: () => channel.close(),
  };
}
