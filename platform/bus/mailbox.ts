// A durable queue of one actor or role: pulls what it can hold and not more.
//
// 1. Besides the batch that is under way, at most maxBatch mails are held or asked for.
// 2. onBatch is called once at a time. Each mail is answered: by whoever got it, after a failed batch, or by being handed back.
// 3. Paused or closed, it begins nothing and asks for nothing. What it holds is handed back once no more can come.
// 4. After a lost connection or a refused request it is stale: the consumer is made sure of, and asked by a new pull.
import type { Log } from "../log.ts";
import { pause } from "../retry.ts";
import type { Connection } from "./connection.ts";
import type { Mail } from "./mail.ts";
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
   * How long a request for more stays open, 4 s unless told. A reader that dies is sent what it had asked for until then, and that
   * comes to the next reader when the ack wait is over.
   */
  readonly requestMs?: number;
}

export interface Mailbox {
  readonly name: string;
  /** Handed over and not answered yet. */
  readonly unanswered: number;
  /** Begins nothing until resumed. What is not begun is handed back as soon as no more can come, which takes up to `requestMs`. */
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
  let arrived: Mail[] = [];
  let oldestArrival = 0;
  let unanswered = 0;
  let handling: Promise<void> | undefined;
  let paused = false;
  let closed = false;
  let pull: Pull;
  let reopening: Promise<void> | undefined;
  let stale = false;

  const isStopped = (): boolean => paused || closed;

  /** Begins what came and asks for more, or hands it back. */
  function proceed(): void {
    if (isStopped()) {
      if (pull.quiet) handBack(); // 3
    } else {
      pull.ask(maxBatch - arrived.length); // 1
      if (arrived.length > 0) handling ??= handleAll(); // 2
    }
  }

  function arrive(mail: Mail): void {
    unanswered += 1;
    if (arrived.length === 0) oldestArrival = performance.now();
    arrived.push(mail);
    proceed();
  }

  async function handleAll(): Promise<void> {
    // Lets everything that came in the same packet into the same batch.
    await Promise.resolve();
    while (arrived.length > 0 && !isStopped()) {
      const batch = arrived;
      arrived = [];
      try {
        proceed();
        await onBatch(batch);
      } catch (error) {
        log.error({ err: error, mailbox: name, mails: batch.length }, "batch failed and comes again");
        for (const mail of batch) mail.nak(AFTER_FAILURE_MS);
      }
    }
    // In the same turn as the last look, so that nothing that arrives in between is left over.
    handling = undefined;
  }

  function handBack(): void {
    const back = arrived;
    arrived = [];
    for (const mail of back) mail.nak(0);
  }

  function openedPull(): Pull {
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
      onDone: proceed,
      onRefused: reopenStale,
      requestMs,
    });
  }

  function reopenStale(): void {
    stale = true;
    if (!isStopped()) void reopen();
  }

  /** By a new pull, so that what still comes of the old requests goes nowhere. */ // 4
  function reopen(): Promise<void> {
    reopening ??= (async () => {
      await ensure();
      if (isStopped()) return;
      pull = openedPull();
      proceed();
    })()
      .catch((error: unknown) => log.warn({ err: error, mailbox: name }, "mailbox not opened yet"))
      .finally(() => {
        reopening = undefined;
      });
    return reopening;
  }

  const watch = setInterval(
    () => {
      if (!connection.connected) return;
      if (!paused && (stale || pull.silent)) void reopen();
      // What waits for a slow batch before it must not be taken for lost.
      if (arrived.length > 0 && performance.now() - oldestArrival > ackWaitMs / 2) {
        oldestArrival = performance.now();
        for (const mail of arrived) mail.working();
      }
    },
    Math.min(WATCH_MS, ackWaitMs / 4),
  );
  const forgetReconnect = connection.onReconnect(reopenStale);
  pull = openedPull();
  proceed();

  return {
    name,
    get unanswered() {
      return unanswered - arrived.length;
    },
    pause() {
      paused = true;
      proceed();
    },
    resume() {
      if (!paused) return;
      paused = false;
      if (stale) void reopen();
      else proceed();
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(watch);
      forgetReconnect();
      const ended = pull.close().catch(() => undefined);
      proceed();
      await Promise.race([ended, pause(CLOSING_MS)]);
      await handling;
      // What was handed back must have left before somebody else opens the mailbox.
      if (connection.connected)
        await Promise.race([connection.nats.flush().catch(() => undefined), pause(CLOSING_MS)]);
    },
  };
}
