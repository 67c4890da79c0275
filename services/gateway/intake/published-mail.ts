// One message that was published: what it holds, and what happens to it once it is taken in or refused.
import type { MsgHdrs } from "nats";
import type { Bus, Mail } from "#platform/bus/bus.ts";
import type { Log } from "#platform/log.ts";
import { PUBLISHED_STREAM } from "./published.ts";

const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Then it is only acknowledged: a server that lets nobody erase must not keep it coming for ever. */
const MAX_DELIVERIES_TO_ERASE = 10;

/**
 * What is only acknowledged stays readable in the stream's files while any message of the same block waits. Erased, it is done with for
 * its mailbox too. What can't be erased now comes again, and is then known as accepted or refused before. Never rejects.
 */
export async function erase(
  { bus, log }: { readonly bus: Pick<Bus, "erase">; readonly log: Log },
  mail: Mail,
): Promise<void> {
  const { subject, seq, deliveries } = mail;
  try {
    await bus.erase(seq, PUBLISHED_STREAM);
    mail.ack();
  } catch (error) {
    if (deliveries < MAX_DELIVERIES_TO_ERASE) {
      log.warn({ err: error, subject, seq }, "published message not erased, tried again later");
      mail.nak(retryMs(mail));
    } else {
      log.error({ err: error, subject, seq }, "published message not erased, only acknowledged");
      mail.ack();
    }
  }
}

export const retryMs = ({ deliveries }: Mail): number =>
  Math.min(RETRY_MS * 2 ** Math.min(deliveries - 1, 10), MAX_RETRY_MS);

export function bytesOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

export function plainHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries(
    (headers?.keys() ?? []).map((name) => [name.toLowerCase(), headers?.values(name).join(", ") ?? ""]),
  );
}
