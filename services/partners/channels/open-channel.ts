import type { Delivery } from "#domain/partner/delivery-config.ts";
import type { Channel, ChannelOptions, OpenChannel } from "./channel.ts";
import { openEmailChannel } from "./email.ts";
import { openFunctionChannel } from "./function.ts";
import { openHttpChannel } from "./http.ts";
import { openNatsChannel } from "./nats.ts";
import { openSlackChannel } from "./slack.ts";

const openers: { readonly [Type in Delivery["type"]]: OpenChannel<Type> } = {
  http: openHttpChannel,
  slack: openSlackChannel,
  email: openEmailChannel,
  nats: openNatsChannel,
  function: openFunctionChannel,
};

export function openChannel<Type extends Delivery["type"]>(
  type: Type,
  options: ChannelOptions<Type>,
): Channel {
  return openers[type](options);
}
