// A message from a mailbox, which must be answered exactly once; later answers are ignored.
import { type Msg, type MsgHdrs, nanos } from "nats";

const ACK = Buffer.from("+ACK");
const NAK = Buffer.from("-NAK");
const TERM = Buffer.from("+TERM");
const WORKING = Buffer.from("+WPI");

export interface Mail {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  /** Its place in the stream. */
  readonly seq: number;
  /** 1 the first time. Counts every hand-over, also one that was handed back unbegun, so it is no count of attempts. */
  readonly deliveries: number;
  /** When the stream took it in, in milliseconds. */
  readonly storedAt: number;
  /** Done with: it never comes again. */
  ack(): void;
  /** Comes again after the delay. */
  nak(delayMs: number): void;
  /** Still at it: the wait for an answer begins anew. Not an answer. */
  working(): void;
  /** Given up: it never comes again. */
  term(): void;
}

/** JetStream says in the reply subject where a message stands: $JS.ACK.…<deliveries>.<seq>.<consumer seq>.<time>.<pending> */
function placeIn(reply: string): Pick<Mail, "deliveries" | "seq" | "storedAt"> {
  const tokens = reply.split(".");
  // Servers with domains put two tokens before the stream's name and one behind the numbers.
  const first = tokens.length > 9 ? 6 : 4;
  const storedAt = Math.floor(Number(tokens[first + 3]) / 1e6);
  return { deliveries: Number(tokens[first]), seq: Number(tokens[first + 1]), storedAt };
}

export function toMail(message: Msg, onAnswered: () => void): Mail {
  let answered = false;
  const answer = (acknowledgement: Uint8Array): void => {
    if (answered) return;
    answered = true;
    // Without a connection it is lost, and the message comes again.
    message.respond(acknowledgement);
    onAnswered();
  };
  // Named one by one: to spread them costs more than to read them.
  const { deliveries, seq, storedAt } = placeIn(message.reply ?? "");
  return {
    subject: message.subject,
    data: message.data,
    headers: message.headers,
    deliveries,
    seq,
    storedAt,
    ack: () => answer(ACK),
    nak: (delayMs) => answer(delayMs > 0 ? Buffer.from(`-NAK {"delay":${nanos(Math.round(delayMs))}}`) : NAK),
    term: () => answer(TERM),
    working() {
      if (!answered) message.respond(WORKING);
    },
  };
}
