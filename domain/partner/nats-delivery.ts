import { z } from "zod";
import { type DeliveryKind, nothingSecret } from "./delivery-kind.ts";

// Delivery to a subject of NATS, as it is configured. Below `partners.` JetStream stores what is published.

const MAX_SUBJECT = 200;

export const NatsDelivery = z.strictObject({
  type: z.literal("nats"),
  subject: z
    .string()
    .max(MAX_SUBJECT)
    .regex(
      /^partners(\.[A-Za-z0-9_-]+)+$/,
      "use partners. followed by names of letters, digits, _ and -, joined by dots",
    )
    .meta({ examples: ["partners.education"] }),
});
type NatsDelivery = z.infer<typeof NatsDelivery>;

export const natsDelivery: DeliveryKind<NatsDelivery, NatsDelivery> = {
  errors: () => [],
  urls: () => [],
  ...nothingSecret,
};
