// A durable queue of one actor or role: pulls what it can hold and not more.
import type { Log } from "../log.ts";
import { pause } from "../retry.ts";
import type { Connection } from "./connection.ts";
import type { Answerable, Mail } from "./mail.ts";
import { openPull, type Pull } from "./pull.ts";
import type { StreamName } from "./topology.ts";

export interface MailboxOptions {
  /** The durable consumer's name. */
  readonly name: string;
  /** One subject, which may have wildcards. */
  readonly filter: string;
  /** YARD unless told. */
  readonly stream?: StreamName;
  /**
   * Gets what has arrived, at most maxBatch; the next call waits for this one, and each mail must be answered, now or later.
   * When it throws, what it left unanswered comes again after a second.
   */
  readonly onBatch: (mails: Mail[]) => Promise<void>;
  readonly maxBatch: number;
  /** At most so many unanswered at once, those waiting for their delay included. */
  readonly maxAckPending: number;
  readonly ackWaitMs: number;
}

export interface Mailbox {
  readonly name: string;
  /** Handed over and not answered yet. */
  readonly unanswered: number;
  /** Hands back what is not begun, and asks for no more until resumed. */
  pause(): void;
  resume(): void;
  /** Hands back what is not begun, and waits for the batch that is. The durable consumer stays. */
  close(): Promise<void>;
}

export interface MailboxParts {
  readonly connection: Connection;
  readonly log: Log;
  /** Makes the consumer again when it is gone. */
  readonly ensure: () => Promise<void>;
}

const AFTER_FAILURE_MS = 1000;
const WATCH_MS = 1000;
const CLOSING_MS = 1000;

export function createMailbox(options: MailboxOptions, { connection, log, ensure }: MailboxParts): Mailbox {
  const { name, stream = "YARD", maxBatch, ackWaitMs, onBatch } = options;
  let arrived: Answerable[] = [];
  let oldestArrival = 0;
  let unanswered = 0;
  let handling: Promise<void> | undefined;
  let paused = false;
  let closed = false;
  let pull: Pull | undefined;
  let reviving: Promise<void> | undefined;

  const ask = (): void => {
    if (!paused && !closed) pull?.ask(maxBatch - arrived.length);
  };

  function arrive(mail: Answerable): void {
    unanswered += 1;
    if (paused || closed) {
      mail.nak(0);
      return;
    }
    if (arrived.length === 0) oldestArrival = performance.now();
    arrived.push(mail);
    handling ??= handleAll().finally(() => {
      handling = undefined;
    });
  }

  async function handleAll(): Promise<void> {
    // Lets everything that came in the same packet into the same batch.
    await Promise.resolve();
    while (arrived.length > 0) {
      const batch = arrived;
      arrived = [];
      ask();
      try {
        await onBatch(batch);
      } catch (error) {
        log.error({ err: error, mailbox: name, mails: batch.length }, "a batch failed and comes again");
        for (const mail of batch) mail.nak(AFTER_FAILURE_MS);
      }
    }
  }

  function handBack(): void {
    const back = arrived;
    arrived = [];
    for (const mail of back) mail.nak(0);
  }

  function reopen(): void {
    pull?.close().catch(() => undefined);
    pull = openPull({
      nats: connection.nats,
      stream,
      name,
      onMessage: arrive,
      onAnswered: () => {
        unanswered -= 1;
      },
      onDone: ask,
      onGone: () => void revive(),
    });
    ask();
  }

  /** Makes sure that the consumer is there, then asks it with a new inbox, so that what it owes to the old one goes nowhere. */
  function revive(): Promise<void> {
    reviving ??= (async () => {
      await ensure();
      if (!paused && !closed) reopen();
    })()
      .catch((error: unknown) => log.warn({ err: error, mailbox: name }, "the mailbox can't be opened yet"))
      .finally(() => {
        reviving = undefined;
      });
    return reviving;
  }

  const watch = setInterval(() => {
    if (paused || closed || !connection.connected) return;
    if (!pull || pull.silent) void revive();
    // What waits for a slow batch before it must not be taken for lost.
    if (arrived.length > 0 && performance.now() - oldestArrival > ackWaitMs / 2) {
      oldestArrival = performance.now();
      for (const mail of arrived) mail.working();
    }
  }, WATCH_MS);
  const forgetReconnect = connection.onReconnect(() => {
    if (!paused && !closed) void revive();
  });
  reopen();

  async function stopPulling(): Promise<void> {
    const ending = pull;
    pull = undefined;
    handBack();
    await Promise.race([ending?.close(), pause(CLOSING_MS)]);
  }

  return {
    name,
    get unanswered() {
      return unanswered - arrived.length;
    },
    pause() {
      if (paused || closed) return;
      paused = true;
      void stopPulling();
    },
    resume() {
      if (!paused || closed) return;
      paused = false;
      reopen();
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(watch);
      forgetReconnect();
      await stopPulling();
      await handling;
      // What was handed back must have left before somebody else opens the mailbox.
      if (connection.connected) await Promise.race([connection.nats.flush(), pause(CLOSING_MS)]);
    },
  };
}
