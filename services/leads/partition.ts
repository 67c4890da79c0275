import type { Bus, Mail } from "#platform/bus/bus.ts";
import { leadMailbox, leadSubject } from "#platform/bus/subjects.ts";
import { every } from "#platform/every.ts";
import type { Lease } from "#platform/leases.ts";
import { confirmMail, type MailSignature } from "#platform/mail-signature.ts";
import { showQueueDepths } from "#platform/queue-depth.ts";
import { type LeadActorParts, leadActors } from "./actors.ts";
import { readLeadMail } from "./read-mail.ts";
import type { Room } from "./room.ts";

export interface PartitionParts extends LeadActorParts {
  readonly bus: Bus;
  readonly signature: MailSignature;
  /** Shared with the other partitions of this process. */
  readonly room: Room;
}

export interface Partition {
  close(): Promise<void>;
}

const MAX_BATCH = 128;
const MAX_UNANSWERED = 10_000;
/**
 * What a process is sent after it was stopped in the middle of something comes again before its lease is over, so that whoever takes
 * over finds it there: until the first has passed it is sent to the sleeper, and the second after that it is taken for lost.
 */
const REQUEST_MS = 1_500;
const ACK_WAIT_MS = 2_000;
const STILL_WORKING_EVERY_MS = 1_000;

/** The actors of one partition, for as long as this process holds its lease. */
export async function openPartition(n: number, parts: PartitionParts, lease: Lease): Promise<Partition> {
  const { bus, metrics, room } = parts;
  const log = parts.log.child({ partition: n });
  const actors = leadActors({ ...parts, log }, lease.lost);
  let isFirstBatch = true;

  async function react(mails: Mail[]): Promise<void> {
    if (!lease.valid) {
      // Somebody else may have the partition now; what they do not get from us, they get when it comes again.
      for (const mail of mails) mail.nak(0);
      return;
    }
    const again = mails.filter(({ deliveries }) => deliveries > 1).length;
    if (isFirstBatch || again > 0) log.debug({ mails: mails.length, again }, "mail taken up");
    isFirstBatch = false;
    const confirmed = await confirmMail(mails, { ...parts, log });
    await actors.react(confirmed.flatMap((mail) => readLeadMail(mail, log) ?? []));
  }

  async function onBatch(mails: Mail[]): Promise<void> {
    const endWorking = every({
      ms: STILL_WORKING_EVERY_MS,
      work() {
        for (const mail of mails) mail.working();
      },
    });
    // Whoever takes the partition over must not wait until it is our turn.
    const leave = await room.enter(mails.length, lease.lost);
    try {
      await react(mails);
    } finally {
      leave();
      endWorking();
    }
  }

  const mailbox = await bus.mailbox({
    name: leadMailbox(n),
    filter: leadSubject(n, ">"),
    onBatch,
    maxBatch: MAX_BATCH,
    maxAckPending: MAX_UNANSWERED,
    ackWaitMs: ACK_WAIT_MS,
    requestMs: REQUEST_MS,
  });
  log.info("partition opened");
  const hideQueue = showQueueDepths({
    bus,
    queues: () => [{ name: `lead:${n}`, mailbox: mailbox.name }],
    metrics,
    log,
  });
  return {
    async close() {
      hideQueue();
      await mailbox.close();
      await actors.close();
    },
  };
}
