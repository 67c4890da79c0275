// What was published to submissions.<source>: a mailbox for each source, so that nobody waits behind another's backlog.
//
// 1. A source that exists has a mailbox. Any other subject has one while something lies there, for somebody has to refuse it.
// 2. Only so many of the others are open at once; the sources that exist are never kept waiting for them.
// 3. Whether a mailbox is missing or not needed any more is looked up again and again, so that no look has to succeed.
import { SourceId } from "#domain/ids.ts";
import type { Bus, Mail } from "#platform/bus/bus.ts";
import { every } from "#platform/every.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Log } from "#platform/log.ts";
import { type QueueDepthParts, showQueueDepths } from "#platform/queue-depth.ts";
import type { KnownSources } from "./sources.ts";

export interface PublishedParts {
  readonly bus: Bus;
  readonly sources: LiveView<KnownSources>;
  readonly metrics: QueueDepthParts["metrics"];
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

export const PUBLISHED_STREAM = "SUBMISSIONS";
const PREFIX = "submissions.";
const LOOK_MS = 1_000;
const MAX_OTHERS = 32;
/** One mailbox for all, as earlier releases had it; the server allows no other beside it. */
const FORMER_MAILBOX = "intake";

type Mailbox = Awaited<ReturnType<Bus["mailbox"]>>;

export async function readPublished(
  { bus, sources, metrics, lifecycle, log }: PublishedParts,
  onMail: (mail: Mail) => Promise<void>,
): Promise<void> {
  const open = new Map<string, Mailbox>();

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

  const isKnown = (subject: string): boolean =>
    sources.current().has(subject.slice(PREFIX.length) as SourceId);

  async function look(): Promise<void> {
    const lying = await bus.subjectsIn(PUBLISHED_STREAM);
    const others = [...open.keys()].filter((subject) => !isKnown(subject));
    // 1
    await Promise.all(others.filter((subject) => !lying.has(subject)).map(forget));
    const known = [...sources.current().keys()].map((id) => `${PREFIX}${id}`);
    const strange = [...lying.keys()].filter((subject) => !isKnown(subject) && !open.has(subject));
    const room = MAX_OTHERS - others.filter((subject) => open.has(subject)).length; // 2
    const missing = [
      ...known.filter((subject) => !open.has(subject)),
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

  await bus.deleteMailbox(FORMER_MAILBOX, PUBLISHED_STREAM);
  await look();
  // 3
  const stopLooking = every({
    ms: LOOK_MS,
    work: look,
    onError: (error) => log.warn({ err: error }, "mailboxes of published submissions not looked up"),
  });
  const hideQueues = showQueueDepths({
    bus,
    // A subject that names no source can be any text, and must not become a label.
    queues: () =>
      [...open.keys()].filter(isKnown).map((subject) => ({
        name: `intake:${subject.slice(PREFIX.length)}`,
        mailbox: mailboxOf(subject),
        stream: PUBLISHED_STREAM,
      })),
    metrics,
    log,
  });
  lifecycle.own("published submissions", async () => {
    stopLooking();
    hideQueues();
    await Promise.all(Array.from(open.values(), (mailbox) => mailbox.close()));
  });
}

/** What is no source's id may be no name for a consumer either. */
function mailboxOf(subject: string): string {
  const source = subject.slice(PREFIX.length);
  return `intake-${SourceId.safeParse(source).success ? source : deterministicUuid("submissions", source)}`;
}
