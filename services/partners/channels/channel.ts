// The way to a partner, whatever kind it is of. To add a kind: a member of `Delivery` in domain/partner/delivery-config.ts, a file
// here, and a line in open-channel.ts, which does not compile without it.
import type { PartnerId } from "#domain/ids.ts";
import type { Ids } from "#domain/partner/body.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import type { Delivery } from "#domain/partner/delivery-config.ts";
import type { Told } from "#domain/partner/outcome.ts";
import type { Submission } from "#domain/submission/submission.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { Config } from "#platform/config.ts";
import type { Attempt } from "#platform/http-call.ts";
import { newSpanId } from "#platform/ids.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

export type { Attempt } from "#platform/http-call.ts";

export interface Channel {
  /** Sends nothing: the request is recorded first. Throws TemplateTooLarge where nobody would take what is to be sent. */
  prepare(message: Message): Prepared;
  /** What is under way still ends. */
  close(): Promise<void>;
}

/** What is to be delivered. */
export interface Message {
  readonly submission: Submission;
  readonly ids: Ids;
  /** W3C trace id. */
  readonly trace: string;
  /** The event that it is delivered for. */
  readonly cause?: string;
  /** Of the call, where it is traced. */
  readonly span?: string | undefined;
  readonly now: number;
  /** It is a test delivery, and says so to whoever gets it. */
  readonly isTest?: boolean;
}

/** What every delivery carries in its headers, where a channel has any. */
export function deliveryHeaders({
  ids: { delivery_id },
  trace,
  span = newSpanId(),
  now,
  isTest,
}: Message): Record<string, string> {
  return {
    "webhook-id": delivery_id,
    "webhook-timestamp": `${Math.floor(now / 1_000)}`,
    "idempotency-key": delivery_id,
    traceparent: `00-${trace}-${span}-01`,
    ...(isTest && { "x-switchyard-test": "true" }),
  };
}

export interface Prepared {
  /** The request as the timeline shows it. It is kept, so it holds no credentials. */
  readonly request: object;
  /** After so long the attempt is over, also where the channel does not end it (bounded-send.ts). */
  readonly timeoutMs: number;
  /** Whatever happens is an outcome. How long it takes is measured by whoever calls it. */
  send(attempt: Attempt): Promise<Sent>;
}

export interface Sent extends Told {
  /** The response as the timeline shows it. */
  readonly response: object;
}

/** What channels share in a process. */
export interface ChannelParts {
  /** Whether partners may be on loopback and private addresses. */
  readonly allowPrivate: boolean;
  readonly bus: Pick<Bus, "connected" | "publish">;
  readonly sandbox: Pick<Sandbox, "run">;
  /** What sends e-mail for partners without a server of their own. */
  readonly smtp: Config["smtp"];
}

export interface ChannelOptions<Type extends Delivery["type"]> extends ChannelParts {
  readonly delivery: Extract<Delivery, { type: Type }>;
  readonly config: PartnerSettings;
  /** Whose functions run in the sandbox. */
  readonly partner: PartnerId;
}

export type OpenChannel<Type extends Delivery["type"]> = (options: ChannelOptions<Type>) => Channel;
