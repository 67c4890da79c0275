// The channel to a partner as it is configured now: opened anew with each change, and again when it could not be opened.
import type { PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { Log } from "#platform/log.ts";
import type { Channel } from "./channels/channel.ts";
import { openChannel } from "./channels/open-channel.ts";

export interface CurrentChannel {
  /** Rejects while the secret can't be opened. */
  get(): Promise<Channel>;
  close(): Promise<void>;
}

export interface CurrentChannelOptions {
  readonly configured: () => ConfiguredPartner;
  /** In the clear. */
  readonly secretOf: (partner: ConfiguredPartner) => Promise<Buffer | undefined>;
  readonly allowPrivate: boolean;
  readonly log: Log;
}

export function currentChannel(options: CurrentChannelOptions): CurrentChannel {
  const { configured, secretOf, allowPrivate, log } = options;
  let config: PartnerConfig | undefined;
  let opened: Promise<Channel> | undefined;

  async function open(partner: ConfiguredPartner): Promise<Channel> {
    const { delivery } = partner.config;
    const secret = await secretOf(partner);
    return openChannel(delivery.type, { delivery, config: partner.config, secret, allowPrivate });
  }

  async function close(channel: Promise<Channel> | undefined): Promise<void> {
    const open = await channel?.catch(() => undefined);
    await open?.close();
  }

  return {
    get() {
      const partner = configured();
      // Looked at with each use, so that no change is missed, however early it comes.
      if (opened !== undefined && partner.config === config) return opened;
      close(opened).catch((error: unknown) => log.debug({ err: error }, "channel not closed cleanly"));
      const opening = open(partner);
      [config, opened] = [partner.config, opening];
      opening.catch(() => {
        if (opened === opening) opened = undefined;
      });
      return opening;
    },
    close: () => close(opened),
  };
}
