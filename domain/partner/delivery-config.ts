import { z } from "zod";
import type { ConfigError } from "./config-error.ts";
import type { DeliveryKind, KeptSecrets } from "./delivery-kind.ts";
import { EmailDelivery, emailDelivery } from "./email-delivery.ts";
import { FunctionDelivery, functionDelivery } from "./function-delivery.ts";
import { HttpDelivery, httpDelivery, ShownHttpDelivery } from "./http-delivery.ts";
import { NatsDelivery, natsDelivery } from "./nats-delivery.ts";
import { ShownSlackDelivery, SlackDelivery, slackDelivery } from "./slack-delivery.ts";

// How submissions reach a partner. To add a way: a member of each union, and a line in `kinds`.

export const Delivery = z.discriminatedUnion("type", [
  HttpDelivery,
  SlackDelivery,
  EmailDelivery,
  NatsDelivery,
  FunctionDelivery,
]);
export type Delivery = z.infer<typeof Delivery>;

/** As it is shown, and as it may be sent back. */
export const ShownDelivery = z
  .discriminatedUnion("type", [
    ShownHttpDelivery,
    ShownSlackDelivery,
    EmailDelivery,
    NatsDelivery,
    FunctionDelivery,
  ])
  .meta({ title: "Channel" });
export type ShownDelivery = z.infer<typeof ShownDelivery>;

type Kinds = {
  readonly [Type in Delivery["type"]]: DeliveryKind<
    Extract<Delivery, { type: Type }>,
    Extract<ShownDelivery, { type: Type }>
  >;
};
const kinds: Kinds = {
  http: httpDelivery,
  slack: slackDelivery,
  email: emailDelivery,
  nats: natsDelivery,
  function: functionDelivery,
};

/** Which of them belongs to which type is what the map says, but no type can say so. */
const kindOf = (type: Delivery["type"]): DeliveryKind<Delivery, ShownDelivery> =>
  kinds[type] as unknown as DeliveryKind<Delivery, ShownDelivery>;

export const deliveryErrors = (delivery: Delivery): ConfigError[] => kindOf(delivery.type).errors(delivery);
export const urlsOf: (delivery: Delivery) => ReturnType<DeliveryKind<Delivery, never>["urls"]> = (delivery) =>
  kindOf(delivery.type).urls(delivery);
export const withoutSecrets = (delivery: Delivery): ShownDelivery =>
  kindOf(delivery.type).withoutSecrets(delivery);

/** The delivery with what is to be kept put in its place, and what is wrong with it then. */
export function withKeptSecrets(shown: ShownDelivery, before: unknown): KeptSecrets<Delivery> {
  const kept = kindOf(shown.type).withKeptSecrets(shown, before);
  // What was stored before anybody checked is no better for being kept.
  const checked = kept.errors.length > 0 ? undefined : Delivery.safeParse(kept.delivery).error;
  return checked === undefined ? kept : { ...kept, errors: schemaErrors(checked) };
}

export const schemaErrors = ({ issues }: z.ZodError): ConfigError[] =>
  issues.map(({ path, message }) => ({ path: ["delivery", ...path].map(String).join("."), message }));
