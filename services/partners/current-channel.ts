// The channel to a partner as it is configured now: opened anew with each change, and again when it could not be opened.
import type { PartnerId } from "#domain/ids.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { OpenedDelivery } from "#domain/partner/stored-delivery.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs } from "#platform/retry.ts";
import type { Channel, ChannelParts } from "./channels/channel.ts";
import { openChannel } from "./channels/open-channel.ts";

export interface CurrentChannel {
  /** Rejects while it can't be opened. */
  get(): Promise<Channel>;
  /** For how many milliseconds it need not be tried: without end where the configuration can't be used as it is. */
  restMs(): number;
  close(): Promise<void>;
}

export interface CurrentChannelOptions {
  readonly configured: () => ConfiguredPartner;
  /** In the clear. Rejects while its keys can't be had. */
  readonly deliveryOf: (partner: ConfiguredPartner) => Promise<OpenedDelivery>;
  readonly partner: PartnerId;
  readonly channels: ChannelParts;
  readonly log: Log;
}

class UnusableDelivery extends Error {
  override name = "UnusableDelivery";
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };

export function currentChannel(options: CurrentChannelOptions): CurrentChannel {
  const { configured, deliveryOf, partner: id, channels, log } = options;
  let config: PartnerSettings | undefined;
  let opened: Promise<Channel> | undefined;
  let failures = 0;
  let restUntil = 0;
  let lastError: unknown;

  async function open(partner: ConfiguredPartner): Promise<Channel> {
    const found = await deliveryOf(partner);
    if (!found.usable) {
      log.error(
        { errors: found.errors },
        "partner can't be delivered to as it is configured; configure it again",
      );
      throw new UnusableDelivery("the configuration can't be used");
    }
    const { delivery } = found;
    return openChannel(delivery.type, { ...channels, delivery, config: partner.config, partner: id });
  }

  async function close(channel: Promise<Channel> | undefined): Promise<void> {
    const open = await channel?.catch(() => undefined);
    await open?.close();
  }

  /** Looked at with each use, so that no change is missed, however early it comes. */
  function notice(partner: ConfiguredPartner): void {
    if (partner.config === config) return;
    close(opened).catch((error: unknown) => log.debug({ err: error }, "channel not closed cleanly"));
    [config, opened, failures, restUntil] = [partner.config, undefined, 0, 0];
  }

  function failed(error: unknown): void {
    opened = undefined;
    lastError = error;
    if (error instanceof UnusableDelivery) {
      restUntil = Number.POSITIVE_INFINITY;
      return;
    }
    log.warn({ err: error }, "channel not opened yet");
    restUntil = performance.now() + backoffMs(failures++, BACKOFF);
  }

  return {
    get() {
      const partner = configured();
      notice(partner);
      if (opened !== undefined) return opened;
      if (restUntil > performance.now()) return Promise.reject(lastError);
      const opening = open(partner);
      opened = opening;
      opening.catch((error: unknown) => {
        if (opened === opening) failed(error);
      });
      return opening;
    },
    restMs() {
      notice(configured());
      return Math.max(0, restUntil - performance.now());
    },
    close: () => close(opened),
  };
}
