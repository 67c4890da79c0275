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
  /**
   * How long a request for more stays open, 4 s unless told. Who is stopped in the middle of something is sent what it had asked for
   * until then, and the ack wait after that it comes to whoever reads the mailbox now.
   */
  readonly requestMs?: number;
}

export interface Mailbox {
  readonly name: string;
  /** Handed over and not answered yet. */
  readonly unanswered: number;
  /** Begins nothing and asks for nothing until resumed. What came and is not begun is handed back as soon as no more can come, which takes up to 4 s. */
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
const REQUEST_MS = 4000;
const WATCH_MS = 1000;
const CLOSING_MS = 1000;

export function createMailbox(options: MailboxOptions, { connection, log, ensure }: MailboxParts): Mailbox {
  const { name, stream = "YARD", maxBatch, ackWaitMs, requestMs = REQUEST_MS, onBatch } = options;
  let arrived: Answerable[] = [];
  let oldestArrival = 0;
  let unanswered = 0;
  let handling: Promise<void> | undefined;
  let paused = false;
  let closed = false;
  let pull: Pull;
  let reviving: Promise<void> | undefined;
  /** Nothing may come any more until it is opened anew. */
  let stale = false;

  const isStopped = (): boolean => paused || closed;

  /** Takes up what came and asks for more, or gives back what came to one who has stopped. */
  function goOn(): void {
    if (isStopped()) {
      if (pull.quiet) handBack();
    } else {
      pull.ask(maxBatch - arrived.length);
      if (arrived.length > 0) handling ??= handleAll();
    }
  }

  function arrive(mail: Answerable): void {
    unanswered += 1;
    if (arrived.length === 0) oldestArrival = performance.now();
    arrived.push(mail);
    goOn();
  }

  async function handleAll(): Promise<void> {
    // Lets everything that came in the same packet into the same batch.
    await Promise.resolve();
    while (arrived.length > 0 && !isStopped()) {
      const batch = arrived;
      arrived = [];
      try {
        goOn();
        await onBatch(batch);
      } catch (error) {
        log.error({ err: error, mailbox: name, mails: batch.length }, "a batch failed and comes again");
        for (const mail of batch) mail.nak(AFTER_FAILURE_MS);
      }
    }
    // In the same turn as the last look, so that nothing arrives in between and is left lying.
    handling = undefined;
  }

  function handBack(): void {
    const back = arrived;
    arrived = [];
    for (const mail of back) mail.nak(0);
  }

  function reopen(): Pull {
    stale = false;
    pull?.close().catch(() => undefined);
    return openPull({
      nats: connection.nats,
      stream,
      name,
      onMessage: arrive,
      onAnswered: () => {
        unanswered -= 1;
      },
      onDone: goOn,
      onRefused: lookAgain,
      requestMs,
    });
  }

  function lookAgain(): void {
    stale = true;
    if (!isStopped()) void revive();
  }

  /** Makes sure that the consumer is there, then asks it anew, so that what it owes to the old requests goes nowhere. */
  function revive(): Promise<void> {
    reviving ??= (async () => {
      await ensure();
      if (isStopped()) return;
      pull = reopen();
      goOn();
    })()
      .catch((error: unknown) => log.warn({ err: error, mailbox: name }, "the mailbox can't be opened yet"))
      .finally(() => {
        reviving = undefined;
      });
    return reviving;
  }

  const watch = setInterval(
    () => {
      if (!connection.connected) return;
      if (!paused && (stale || pull.silent)) void revive();
      // What waits for a slow batch before it must not be taken for lost.
      if (arrived.length > 0 && performance.now() - oldestArrival > ackWaitMs / 2) {
        oldestArrival = performance.now();
        for (const mail of arrived) mail.working();
      }
    },
    Math.min(WATCH_MS, ackWaitMs / 4),
  );
  const forgetReconnect = connection.onReconnect(lookAgain);
  pull = reopen();
  goOn();

  return {
    name,
    get unanswered() {
      return unanswered - arrived.length;
    },
    pause() {
      paused = true;
      goOn();
    },
    resume() {
      if (!paused) return;
      paused = false;
      if (stale) void revive();
      else goOn();
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(watch);
      forgetReconnect();
      const ended = pull.close().catch(() => undefined);
      goOn();
      await Promise.race([ended, pause(CLOSING_MS)]);
      await handling;
      // What was handed back must have left before somebody else opens the mailbox.
      if (connection.connected) await Promise.race([connection.nats.flush(), pause(CLOSING_MS)]);
    },
  };
}
