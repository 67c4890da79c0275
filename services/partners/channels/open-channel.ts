import type { Delivery } from "#domain/partner/delivery-config.ts";
import type { Channel, ChannelOptions, OpenChannel } from "./channel.ts";
import { openHttpChannel } from "./http.ts";

const openers: { readonly [Type in Delivery["type"]]: OpenChannel<Type> } = {
  http: openHttpChannel,
};

export function openChannel<Type extends Delivery["type"]>(
  type: Type,
  options: ChannelOptions<Type>,
): Channel {
  return openers[type](options);
}
