// The way to a partner, whatever kind it is of. To add a kind: a member of `Delivery` in domain/partner/delivery-config.ts, a file
// here, and a line in open-channel.ts, which does not compile without it.
import type { Ids } from "#domain/partner/body.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import type { Delivery } from "#domain/partner/delivery-config.ts";
import type { AttemptOutcome } from "#domain/partner/outcome.ts";
import type { Submission } from "#domain/submission/submission.ts";
import type { Attempt } from "#platform/http-call.ts";

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
  readonly now: number;
}

export interface Prepared {
  /** The request as the timeline shows it. It is kept, so it holds no credentials. */
  readonly request: object;
  /** After so long the attempt is over, also where the channel does not end it (bounded-send.ts). */
  readonly timeoutMs: number;
  /** Whatever happens is an outcome. How long it takes is measured by whoever calls it. */
  send(attempt: Attempt): Promise<Sent>;
}

export interface Sent {
  readonly outcome: AttemptOutcome;
  /** The response as the timeline shows it. */
  readonly response: object;
}

export interface ChannelOptions<Type extends Delivery["type"]> {
  readonly delivery: Extract<Delivery, { type: Type }>;
  readonly config: PartnerSettings;
  /** Whether partners may be on loopback and private addresses. */
  readonly allowPrivate: boolean;
}

export type OpenChannel<Type extends Delivery["type"]> = (options: ChannelOptions<Type>) => Channel;
