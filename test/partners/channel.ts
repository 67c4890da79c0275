// A channel by itself, and what is sent through it.
import { DeliveryId, PartnerId, SourceId } from "#domain/ids.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import type { Attempt, Channel, ChannelParts, Message } from "../../services/partners/channels/channel.ts";
import { openChannel } from "../../services/partners/channels/open-channel.ts";

const notGiven = (what: string) => async (): Promise<never> => {
  throw new Error(`this test has no ${what}`);
};

export const testChannelParts = (over: Partial<ChannelParts> = {}): ChannelParts => ({
  allowPrivate: true,
  bus: { connected: false, publish: notGiven("bus") },
  sandbox: { run: notGiven("sandbox") },
  smtp: undefined,
  ...over,
});

export function openTestChannel(settings: object, over: Partial<ChannelParts> = {}): Channel {
  const config = PartnerConfig.parse({ name: "Edu", ...settings });
  const { delivery } = config;
  const partner = PartnerId.parse("edu");
  return openChannel(delivery.type, { ...testChannelParts(over), delivery, config, partner });
}

export function testMessage(payload: Record<string, unknown>, now = Date.now()): Message {
  const { email } = payload;
  return {
    submission: {
      kind: "lead",
      source: SourceId.parse("demo"),
      received_at: new Date(now).toISOString(),
      idempotency_key: "k",
      payload,
      normalised: typeof email === "string" ? { email: email.toLowerCase() } : {},
    },
    ids: { id: "lead-1", delivery_id: DeliveryId.parse("00000000-0000-8000-8000-000000000001") },
    trace: "0123456789abcdef0123456789abcdef",
    now,
  };
}

/** One that nobody hinders. */
export const attempt: Attempt = { obstacle: () => undefined, abandon: new AbortController().signal };
