// A channel whose calls are spans: the partner is told the span in its traceparent, so what it does with the call belongs to the same trace.
import type { PartnerId } from "#domain/ids.ts";
import { newSpanId, spanOf } from "#platform/ids.ts";
import type { Tracing } from "#platform/tracing.ts";
import type { Channel, Message, Prepared } from "./channels/channel.ts";

type GetChannel = () => Promise<Pick<Channel, "prepare" | "close">>;

export function tracedChannel(get: GetChannel, partner: PartnerId, tracing: Tracing | undefined): GetChannel {
  if (tracing === undefined) return get;
  return async () => {
    const channel = await get();
    return { ...channel, prepare: (message) => traced(channel, message, partner, tracing) };
  };
}

function traced(
  channel: Pick<Channel, "prepare">,
  message: Message,
  partner: PartnerId,
  tracing: Tracing,
): Prepared {
  const { ids, trace, cause } = message;
  const id = newSpanId();
  const prepared = channel.prepare({ ...message, span: id });
  return {
    ...prepared,
    async send(attempt) {
      const startMs = Date.now();
      const sent = await prepared.send(attempt);
      const { outcome } = sent.outcome;
      if (outcome === "not_called") return sent;
      tracing.add({
        trace,
        id,
        parent: cause === undefined ? undefined : spanOf(cause),
        name: `deliver to ${partner}`,
        startMs,
        endMs: Date.now(),
        attributes: { partner, outcome, delivery_id: ids.delivery_id },
        isCall: true,
      });
      return sent;
    },
  };
}
