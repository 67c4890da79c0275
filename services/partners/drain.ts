// The end of a removed partner: what waits for it is ended at once, whatever it waits for, and then its mailbox goes.
import type { PartnerId } from "#domain/ids.ts";
import type { GiveUp } from "#domain/partner/command.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { Bus, MailboxOptions } from "#platform/bus/bus.ts";
import { partnerSubject } from "#platform/bus/subjects.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import { pause, retryUntil } from "#platform/retry.ts";
import type { PartnerWriter } from "./partner-writer.ts";

export interface DrainParts {
  readonly partner: PartnerId;
  readonly configured: () => ConfiguredPartner;
  readonly writer: PartnerWriter;
  readonly bus: Pick<Bus, "consumerState" | "lastStoredAt" | "rewindMailbox" | "deleteMailbox">;
  readonly mailbox: MailboxOptions;
  readonly onBegin: () => void;
  /** No mail is in hand. */
  readonly isIdle: () => boolean;
  readonly closeMailbox: () => Promise<void>;
  readonly openMailbox: () => Promise<void>;
  /** It has ended: nobody needs to own it. */
  readonly onRetired: () => void;
  readonly signal: AbortSignal;
  readonly metrics: Metrics;
  readonly log: Log;
}

const LOOK_EVERY_MS = 500;
const BACKOFF = { baseMs: 100, maxMs: 2_000 };
/** Whoever routes, and whoever mails what was routed, may hear of the removal a little later. Clocks differ less than that. */
const SETTLING_MS = 10_000;

/** The cause and the reason with which a removed partner's deliveries end. */
export function removalOf({ drain }: ConfiguredPartner): Pick<GiveUp, "cause" | "reason"> {
  return { cause: drain === "dead_letter" ? "drained" : "partner_removed", reason: "partner_removed" };
}

export interface Draining {
  /** After each change of the partner's configuration. */
  review(): void;
  /** Resolves when nothing is being drained any more. */
  ended(): Promise<void> | undefined;
}

export function drainWhenRemoved(parts: DrainParts): Draining {
  const { configured, signal, onBegin } = parts;
  let draining: Promise<void> | undefined;

  function review(): void {
    if (draining !== undefined || configured().standing !== "removed" || signal.aborted) return;
    onBegin();
    draining = drainRemoved(parts).finally(() => {
      draining = undefined;
      review();
    });
  }
  return { review, ended: () => draining };
}

/** Resolves once the partner is removed no more, or the signal is given. */
async function drainRemoved(parts: DrainParts): Promise<void> {
  const { partner, configured, writer, bus, mailbox, isIdle, signal, metrics, log } = parts;
  const isRemoved = (): boolean => !signal.aborted && configured().standing === "removed";
  let isRewound = false;
  let isClosed = false;

  /** Those that wait for their retry: their mails come later, and find them ended. */
  async function giveUpWaiting(): Promise<void> {
    const waiting = [...(writer.state?.open ?? [])].filter(([, { stage }]) => stage !== "calling");
    const commands = waiting.map(([delivery_id, { submission_id, sent_for }]) => ({
      type: "give_up" as const,
      partner,
      delivery_id,
      submission_id,
      sent_for,
      ...removalOf(configured()),
    }));
    const written = await Promise.all(commands.map((command) => writer.write({ command })));
    const ended = written.filter(({ decision }) => decision.accepted);
    metrics.deliveriesTotal.inc({ partner, outcome: "dead_lettered" }, ended.length);
  }

  async function closeMailbox(): Promise<void> {
    isClosed = true;
    await parts.closeMailbox();
  }

  async function openMailbox(): Promise<void> {
    await parts.openMailbox();
    isClosed = false;
  }

  async function rewind(): Promise<void> {
    if (isRewound) return;
    await closeMailbox();
    await bus.rewindMailbox(mailbox);
    await openMailbox();
    isRewound = true;
  }

  async function hasEnded(): Promise<boolean> {
    if (!isIdle() || writer.state === undefined || writer.state.open.size > 0) return false;
    const queue = await bus.consumerState(mailbox.name);
    if (queue !== undefined && queue.pending + queue.ackPending > 0) return false;
    const newest = await bus.lastStoredAt(partnerSubject(partner, ">"));
    return newest === undefined || Date.now() - newest > SETTLING_MS;
  }

  async function retire(): Promise<void> {
    const { decision } = await writer.write({ command: { type: "retire", partner, at: Date.now() } });
    if (!decision.accepted) return;
    await closeMailbox();
    if (isRemoved()) {
      await bus.deleteMailbox(mailbox.name);
      log.info("removed partner retired");
      parts.onRetired();
    }
    // Until somebody else sees to it that nobody owns it; or it is configured again.
    while (isRemoved()) await pause(LOOK_EVERY_MS, signal);
  }

  while (isRemoved()) {
    try {
      if (await writer.open()) {
        await giveUpWaiting();
        await rewind();
        // Closed to be deleted, which failed.
        if (isClosed) await openMailbox();
        if (await hasEnded()) await retire();
      }
    } catch (error) {
      log.warn({ err: error }, "removed partner not drained yet");
    }
    if (isRemoved()) await pause(LOOK_EVERY_MS, signal);
  }
  // Configured again: whatever failed before, its mail is read again.
  if (isClosed)
    await retryUntil(openMailbox, {
      backoff: BACKOFF,
      signal,
      onFailure: (error) => log.warn({ err: error }, "mailbox of a partner that is back not opened yet"),
    });
}
