// A durable queue of one actor or role: pulls what it can hold and not more.
import type { Mail } from "./mail.ts";
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
   * When it throws, what it left unanswered comes again.
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
  pause(): void;
  resume(): void;
  /** Hands back what is not begun, and waits for the batch that is. The durable consumer stays. */
  close(): Promise<void>;
}
