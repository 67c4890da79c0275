// One delivery over a partner's real channel that is only a test: marked as such, recorded nowhere and counted nowhere.
import type { PartnerId } from "#domain/ids.ts";
import { DeliveryId } from "#domain/ids.ts";
import type { ConfigError } from "#domain/partner/config-error.ts";
import type { ConfiguredPartner, ConfiguredPartners } from "#domain/partner/configured.ts";
import type { Timings } from "#domain/partner/events.ts";
import { type AttemptOutcome, storable, storableWords } from "#domain/partner/outcome.ts";
import { TemplateTooLarge } from "#domain/partner/template.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { newUuid } from "#platform/ids.ts";
import { pause } from "#platform/retry.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { boundedSend } from "./bounded-send.ts";
import type { Channel, ChannelParts, Message, Sent } from "./channels/channel.ts";
import { openChannel } from "./channels/open-channel.ts";
import { openDelivery } from "./open-delivery.ts";
import { boundedRecord, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES } from "./record.ts";

export interface TestParts {
  readonly channels: ChannelParts;
  readonly vault: Pick<Vault, "openReadable">;
  readonly partners: () => ConfiguredPartners;
}

export interface TestOrder {
  readonly partner: PartnerId;
  /** Of the configuration that is to be tested: who delivers may not have heard of it yet. */
  readonly version: number;
  readonly submission: Submission;
}

type Tested =
  | {
      readonly request: object;
      readonly response: object;
      readonly outcome: AttemptOutcome;
      readonly timings: Timings;
    }
  /** It can't be delivered to as it is configured. */
  | { readonly errors: readonly ConfigError[] };

const MAX_MS = 30_000;
const HEARD_WITHIN_MS = 3_000;
const LOOK_MS = 20;

export async function testDelivery(
  { channels, vault, partners }: TestParts,
  { partner, version, submission }: TestOrder,
  stopping: AbortSignal,
): Promise<Tested> {
  const begun = performance.now();
  const configured = await heardOf(partners, partner, version);
  if (configured === undefined) return wrong("", "is not known yet where deliveries are made; try again");
  const opened = await openDelivery(partner, configured, vault);
  if (!opened.usable) return { errors: opened.errors };
  const { delivery } = opened;
  let channel: Channel | undefined;
  try {
    channel = openChannel(delivery.type, { ...channels, delivery, config: configured.config, partner });
    const prepared = channel.prepare(messageOf(submission));
    const called = performance.now();
    const bounded = { ...prepared, timeoutMs: Math.min(prepared.timeoutMs, MAX_MS) };
    const sent = await boundedSend(bounded, { obstacle: () => undefined, abandon: stopping });
    const [total_ms, partner_ms] = [rounded(performance.now() - begun), rounded(performance.now() - called)];
    return {
      request: boundedRecord(prepared.request, MAX_REQUEST_BYTES),
      response: boundedRecord(sent.response, MAX_RESPONSE_BYTES),
      outcome: inItsWords(sent),
      timings: { total_ms, partner_ms, overhead_ms: rounded(total_ms - partner_ms) },
    };
  } catch (error) {
    if (error instanceof TemplateTooLarge) return wrong("delivery", "makes a message that is too large");
    if (channel === undefined && error instanceof Error) return wrong("delivery", error.message);
    throw error;
  } finally {
    await channel?.close();
  }
}

/** Nothing of it is stored, so the reason may be the partner's own. */
function inItsWords({ outcome, told }: Sent): AttemptOutcome {
  const stored = storable(outcome);
  return told ? { ...stored, reason: storableWords(told) } : stored;
}

async function heardOf(
  partners: () => ConfiguredPartners,
  partner: PartnerId,
  version: number,
): Promise<ConfiguredPartner | undefined> {
  for (const end = performance.now() + HEARD_WITHIN_MS; performance.now() < end; await pause(LOOK_MS)) {
    const configured = partners().get(partner);
    if (configured !== undefined && configured.version >= version) return configured;
  }
  return undefined;
}

const wrong = (path: string, message: string): Tested => ({ errors: [{ path, message }] });

const messageOf = (submission: Submission): Message => ({
  submission,
  ids: { id: newUuid(), delivery_id: DeliveryId.parse(newUuid()) },
  trace: newUuid().replaceAll("-", ""),
  now: Date.now(),
  isTest: true,
});

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
