import { z } from "zod";
import {
  type DeliveryKind,
  HIDDEN,
  Hidden,
  type KeptSecrets,
  NOTHING_TO_KEEP,
  Timeout,
} from "./delivery-kind.ts";
import { templateErrors } from "./template-errors.ts";
import { urlErrors } from "./url-errors.ts";

// Delivery to an incoming webhook of Slack, as it is configured. Whoever knows the webhook's URL may write to the channel.

const WebhookUrl = z.url({ protocol: /^https?$/ });

export const SlackDelivery = z.strictObject({
  type: z.literal("slack"),
  webhook_url: WebhookUrl,
  text: z.string().min(1).optional().meta({
    description: "A template; left out, the fields as blocks",
    contentMediaType: "text/plain",
  }),
  timeout_ms: Timeout.default(10_000),
});
type SlackDelivery = z.infer<typeof SlackDelivery>;

export const ShownSlackDelivery = SlackDelivery.extend({
  webhook_url: z.union([WebhookUrl, Hidden]).meta({ title: "Webhook URL" }),
});
type ShownSlackDelivery = z.infer<typeof ShownSlackDelivery>;

export const slackDelivery: DeliveryKind<SlackDelivery, ShownSlackDelivery> = {
  errors: ({ webhook_url, text }) => [
    ...urlErrors("delivery.webhook_url", webhook_url, "Slack's webhooks need none"),
    ...templateErrors("delivery.text", text),
  ],
  urls: ({ webhook_url }) => [["delivery.webhook_url", webhook_url]],
  withoutSecrets: (delivery) => ({ ...delivery, webhook_url: HIDDEN }),
  withKeptSecrets,
};

const Before = z.object({ type: z.literal("slack"), webhook_url: z.string() });

function withKeptSecrets(shown: ShownSlackDelivery, found: unknown): KeptSecrets<SlackDelivery> {
  if (shown.webhook_url !== HIDDEN) return { delivery: shown, errors: [] };
  const kept = Before.safeParse(found).data?.webhook_url;
  return {
    delivery: { ...shown, webhook_url: kept ?? "" },
    errors: kept === undefined ? [{ path: "delivery.webhook_url", message: NOTHING_TO_KEEP }] : [],
  };
}
