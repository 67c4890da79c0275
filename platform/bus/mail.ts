// A message from a mailbox, which must be answered exactly once; later answers are ignored.
import type { MsgHdrs } from "nats";

export interface Mail {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  /** Its place in the stream. */
  readonly seq: number;
  /** 1 the first time. */
  readonly deliveries: number;
  /** Done with: it never comes again. */
  ack(): void;
  /** Comes again after the delay. */
  nak(delayMs: number): void;
  /** Still at it: the wait for an answer begins anew. Not an answer. */
  working(): void;
  /** Hopeless: it never comes again. */
  term(): void;
}
