// Requests to a pull consumer: each request has an inbox of its own, and one never ends before another is open.
// See docs/decisions/0028.
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from "nats";
import { type Mail, toMail } from "./mail.ts";

export interface Pull {
  /** Asks for so many more, unless an earlier request is still open. */
  ask(count: number): void;
  /** Two requests in a row ended without an answer. */
  readonly silent: boolean;
  /** Hardly anything is asked for: what is handed back now is not sent here again, and does not go astray. */
  readonly quiet: boolean;
  /** Takes back what was asked for; what is on its way still arrives before this resolves. */
  close(): Promise<void>;
}

export interface PullOptions {
  readonly nats: NatsConnection;
  readonly stream: string;
  readonly name: string;
  readonly onMessage: (mail: Mail) => void;
  readonly onAnswered: () => void;
  /** A request is used up or has expired; ask again. */
  readonly onDone: () => void;
  /** A request was refused: the consumer may not be there. */
  readonly onRefused: () => void;
  /** How long a request stays open. */
  readonly requestMs: number;
}

interface Request {
  /** How many may still come of it. */
  left: number;
  readonly endsAt: number;
  readonly ended: Promise<void>;
  end(): void;
}

/** Of its time: so long before the last request ends, another one is opened, for so many messages. */
const AHEAD = 1 / 4;
const SPARE = 1;
/** A request has ended after so long, even if the server did not say so. */
const OVERDUE_MS = 250;
/** After a refusal, asking at once would only be refused again. */
const REFUSED_PAUSE_MS = 250;
/** The last request of one who closes takes what is handed back first, and else ends soon. */
const CLEARING_MS = 50;
const MAX_UNANSWERED = 2;

const EXPIRED = 408;

export function openPull({
  nats,
  stream,
  name,
  onMessage,
  onAnswered,
  onDone,
  onRefused,
  requestMs,
}: PullOptions): Pull {
  const aheadMs = requestMs * AHEAD;
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
  const open = new Set<Request>();
  const leaving = new Set<Promise<void>>();
  let unanswered = 0;
  let closing: Promise<void> | undefined;
  let covering: NodeJS.Timeout | undefined;

  /** Nothing can be asked for any more. */
  const isOver = (): boolean => closing !== undefined || nats.isClosed() || nats.isDraining();
  const askedFor = (): number => Array.from(open, ({ left }) => left).reduce((sum, left) => sum + left, 0);

  function request(batch: number, expiresMs: number): Request {
    const inbox = createInbox();
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (!error) receive(message, one);
      },
    });
    const overdue = setTimeout(() => {
      unanswered += 1;
      one.end();
      done();
    }, expiresMs + OVERDUE_MS).unref();
    const one: Request = {
      left: batch,
      endsAt: performance.now() + expiresMs,
      ended,
      end() {
        if (!open.delete(one)) return;
        clearTimeout(overdue);
        leave(subscription);
        resolve();
      },
    };
    open.add(one);
    nats.publish(subject, JSON.stringify({ batch, expires: nanos(expiresMs) }), { reply: inbox });
    return one;
  }

  /** What is on its way to an inbox still arrives. */
  function leave(subscription: Subscription): void {
    const left = subscription
      .drain()
      .catch(() => undefined)
      .finally(() => leaving.delete(left));
    leaving.add(left);
  }

  function receive(message: Msg, from: Request): void {
    unanswered = 0;
    const status = message.headers?.code ?? 0;
    if (status > 0 && !message.reply?.startsWith("$JS.ACK.")) {
      onStatus(status, from);
      return;
    }
    from.left -= 1;
    if (from.left <= 0) from.end();
    onMessage(toMail(message, onAnswered));
    if (from.left <= 0) done();
  }

  function onStatus(code: number, from: Request): void {
    from.end();
    if (code === EXPIRED) {
      done();
      return;
    }
    setTimeout(() => {
      if (!isOver()) onRefused();
    }, REFUSED_PAUSE_MS).unref();
  }

  function done(): void {
    if (isOver()) return;
    onDone();
    cover();
  }

  /** Sees to it that the request which ends last is followed by another before it ends. */
  function cover(): void {
    clearTimeout(covering);
    if (isOver() || open.size === 0) return;
    const soonMs = (): number => Math.max(...Array.from(open, ({ endsAt }) => endsAt)) - performance.now();
    if (soonMs() <= aheadMs) request(SPARE, requestMs);
    // The time may come between the two looks at the clock, and Node warns of less than none.
    covering = setTimeout(cover, Math.max(0, soonMs() - aheadMs)).unref();
  }

  return {
    ask(count) {
      const before = askedFor();
      if (isOver() || before > SPARE || count <= before) return;
      request(count - before, requestMs);
      cover();
    },
    get silent() {
      return unanswered >= MAX_UNANSWERED;
    },
    get quiet() {
      return askedFor() <= SPARE;
    },
    close() {
      closing ??= (async () => {
        clearTimeout(covering);
        const asked = [...open];
        for (const one of asked) one.end();
        // The server drops what has no inbox any more when it next looks, and this makes it look.
        if (asked.length > 0 && !nats.isClosed()) await request(SPARE, CLEARING_MS).ended;
        await Promise.all(leaving);
      })();
      return closing;
    },
  };
}
