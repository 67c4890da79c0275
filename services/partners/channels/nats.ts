// Partners that read a subject of NATS: what JetStream has stored is delivered.
import { defaultBody } from "#domain/partner/body.ts";
import type { AttemptOutcome } from "#domain/partner/outcome.ts";
import { BusError } from "#platform/bus/bus.ts";
import { type ChannelParts, deliveryHeaders, type OpenChannel, type Sent } from "./channel.ts";

/** For JetStream to say that it has stored it. */
const TIMEOUT_MS = 5_000;

export const openNatsChannel: OpenChannel<"nats"> = ({ delivery: { subject }, config: { price }, bus }) => ({
  prepare(message) {
    const body = defaultBody(message.submission, message.ids);
    const headers = { "content-type": "application/json", ...deliveryHeaders(message) };
    return {
      request: { subject, headers: { ...headers, "nats-msg-id": message.ids.delivery_id }, body },
      timeoutMs: TIMEOUT_MS,
      async send({ obstacle }) {
        const reason = obstacle();
        if (reason !== undefined)
          return { outcome: { outcome: "not_called", reason }, response: { error: reason } };
        const id = message.ids.delivery_id;
        const payload = Buffer.from(JSON.stringify(body));
        return publish(bus, price, () =>
          bus.publish(subject, payload, { id, headers, timeoutMs: TIMEOUT_MS }),
        );
      },
    };
  },
  close: async () => undefined,
});

async function publish(
  { connected }: ChannelParts["bus"],
  price: number | undefined,
  send: () => ReturnType<ChannelParts["bus"]["publish"]>,
): Promise<Sent> {
  if (!connected) return failed("failed", "disconnected");
  try {
    const { seq, duplicate } = await send();
    return {
      outcome: { outcome: "succeeded", ...(price !== undefined && { price }) },
      response: { stored: { seq, duplicate } },
    };
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return failed(meaningOf(error), error.reason, error.message);
  }
}

/** Whether JetStream may have stored it although it did not say so. */
function meaningOf({ reason }: BusError): "failed" | "unknown" {
  switch (reason) {
    case "timeout":
    case "disconnected":
      return "unknown";
    case "no_responders":
    case "rejected":
    case "refused":
      return "failed";
  }
}

const failed = (outcome: "failed" | "unknown", reason: string, detail = reason): Sent => ({
  outcome: { outcome, reason } satisfies AttemptOutcome,
  response: { error: detail },
});
