// The conversation with a pull consumer over one inbox: one request at a time, and what comes of it.
import { createInbox, type Msg, type NatsConnection, nanos } from "nats";
import { type Answerable, toMail } from "./mail.ts";

export interface Pull {
  /** Asks for so many more, unless an earlier request is still open. */
  ask(count: number): void;
  /** A request is open and not even a heartbeat came for long. */
  readonly silent: boolean;
  /** Takes no more; what is on its way still arrives before this resolves. */
  close(): Promise<void>;
}

export interface PullOptions {
  readonly nats: NatsConnection;
  readonly stream: string;
  readonly name: string;
  readonly onMessage: (mail: Answerable) => void;
  readonly onAnswered: () => void;
  /** The request is used up or has expired; ask again. */
  readonly onDone: () => void;
  /** Nobody took the request: the consumer is not there. */
  readonly onGone: () => void;
}

/** Shorter than a lease: what a stopped process has asked for must not still be sent to it once another has taken over. */
const EXPIRES_MS = 4000;
const HEARTBEAT_MS = 2000;
const SILENT_AFTER_MS = 6000;
/** After a refusal, such as too many unanswered, asking at once would only be refused again. */
const REFUSED_PAUSE_MS = 100;
const GONE_PAUSE_MS = 250;

const EXPIRED = 408;
const HEARTBEAT = 100;
const NO_RESPONDERS = 503;

export function openPull({ nats, stream, name, onMessage, onAnswered, onDone, onGone }: PullOptions): Pull {
  const inbox = createInbox();
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
  let open = 0;
  let heardAt = performance.now();
  let closed = false;

  function later(react: () => void, ms: number): void {
    setTimeout(() => {
      if (!closed) react();
    }, ms).unref();
  }

  function onStatus(code: number): void {
    if (code === HEARTBEAT) return;
    open = 0;
    if (code === EXPIRED) onDone();
    else if (code === NO_RESPONDERS) later(onGone, GONE_PAUSE_MS);
    else later(onDone, REFUSED_PAUSE_MS);
  }

  function receive(message: Msg): void {
    heardAt = performance.now();
    const status = message.headers?.code ?? 0;
    if (status > 0 && !message.reply?.startsWith("$JS.ACK.")) {
      onStatus(status);
      return;
    }
    open = Math.max(0, open - 1);
    onMessage(toMail(message, onAnswered));
    if (open === 0) onDone();
  }

  const subscription = nats.subscribe(inbox, {
    callback: (error, message) => {
      if (!error) receive(message);
    },
  });

  return {
    ask(count) {
      if (closed || open > 0 || count <= 0) return;
      open = count;
      heardAt = performance.now();
      const request = {
        batch: count,
        expires: nanos(EXPIRES_MS),
        idle_heartbeat: nanos(HEARTBEAT_MS),
      };
      nats.publish(subject, JSON.stringify(request), { reply: inbox });
    },
    get silent() {
      return open > 0 && performance.now() - heardAt > SILENT_AFTER_MS;
    },
    async close() {
      if (closed) return;
      closed = true;
      await subscription.drain();
    },
  };
}
