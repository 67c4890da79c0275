// What was published to submissions.<source> or replies.<campaign>: a mailbox for each of them, so that nobody waits behind another's backlog.
//
// 1. A source or campaign that exists has a mailbox. Any other subject has one while something lies there, for somebody has to refuse it.
// 2. Only so many of the others are open at once; those that exist are never kept waiting for them.
// 3. Whether a mailbox is missing or not needed any more is looked up again and again, so that no look has to succeed.
import { SourceId } from "#domain/ids.ts";
import type { Bus, Mail } from "#platform/bus/bus.ts";
import { every } from "#platform/every.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Log } from "#platform/log.ts";
import { type QueueDepthParts, showQueueDepths } from "#platform/queue-depth.ts";

export interface PublishedParts {
  readonly bus: Bus;
  readonly metrics: QueueDepthParts["metrics"];
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

export interface Published {
  /** The first part of its subjects. */
  readonly to: "submissions" | "replies";
  /** What the names of its mailboxes and queues begin with. */
  readonly name: string;
  /** Those that exist, by the second part of their subject. */
  readonly known: () => Pick<ReadonlyMap<string, unknown>, "has" | "keys">;
  readonly onMail: (mail: Mail) => Promise<void>;
}

export const PUBLISHED_STREAM = "SUBMISSIONS";
/** Those of campaigns look the same. */
const isId = (text: string): boolean => SourceId.safeParse(text).success;
const LOOK_MS = 1_000;
const MAX_OTHERS = 32;

type Mailbox = Awaited<ReturnType<Bus["mailbox"]>>;

export async function readPublished(
  { bus, metrics, lifecycle, log }: PublishedParts,
  { to, name, known, onMail }: Published,
): Promise<void> {
  const prefix = `${to}.`;
  const open = new Map<string, Mailbox>();

  /** What is nobody's id may be no name for a consumer either. */
  function mailboxOf(subject: string): string {
    const id = subject.slice(prefix.length);
    return `${name}-${isId(id) ? id : deterministicUuid(to, id)}`;
  }

  function optionsOf(subject: string) {
    return {
      name: mailboxOf(subject),
      stream: PUBLISHED_STREAM,
      filter: subject,
      maxBatch: 64,
      maxAckPending: 128,
      ackWaitMs: 30_000,
      onBatch: async (mails: readonly Mail[]) => void (await Promise.all(mails.map(onMail))),
    } as const;
  }

  const isKnown = (subject: string): boolean => known().has(subject.slice(prefix.length));

  async function look(): Promise<void> {
    const lying = await bus.subjectsIn(PUBLISHED_STREAM);
    const others = [...open.keys()].filter((subject) => !isKnown(subject));
    // 1
    await Promise.all(others.filter((subject) => !lying.has(subject)).map(forget));
    const expected = Array.from(known().keys(), (id) => `${prefix}${id}`);
    const strange = [...lying.keys()].filter(
      (subject) => subject.startsWith(prefix) && !isKnown(subject) && !open.has(subject),
    );
    const room = MAX_OTHERS - others.filter((subject) => open.has(subject)).length; // 2
    const missing = [
      ...expected.filter((subject) => !open.has(subject)),
      ...strange.slice(0, Math.max(0, room)),
    ];
    // One that can't be opened now keeps no other waiting.
    const begun = await Promise.allSettled(missing.map(begin));
    const failed = begun.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async function begin(subject: string): Promise<void> {
    const mailbox = await bus.mailbox(optionsOf(subject));
    if (lifecycle.stopping.aborted) await mailbox.close();
    else open.set(subject, mailbox);
  }

  async function forget(subject: string): Promise<void> {
    const mailbox = open.get(subject);
    open.delete(subject);
    await mailbox?.close();
    await bus.deleteMailbox(mailboxOf(subject), PUBLISHED_STREAM);
  }

  // 3
  const onError = (error: unknown): void =>
    log.warn({ err: error }, `mailboxes of published ${to} not looked up`);
  await look().catch(onError);
  const stopLooking = every({ ms: LOOK_MS, work: look, onError });
  const hideQueues = showQueueDepths({
    bus,
    // A subject that names nobody can be any text, and must not become a label.
    queues: () =>
      [...open.keys()].filter(isKnown).map((subject) => ({
        name: `${name}:${subject.slice(prefix.length)}`,
        mailbox: mailboxOf(subject),
        stream: PUBLISHED_STREAM,
      })),
    metrics,
    log,
  });
  lifecycle.own(`published ${to}`, async () => {
    stopLooking();
    hideQueues();
    await Promise.all(Array.from(open.values(), (mailbox) => mailbox.close()));
  });
}
