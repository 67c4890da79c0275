// Requests that somebody must answer now, and broadcasts to whoever listens.
import { headers, type Msg, type MsgHdrs, type NatsConnection } from "nats";
import type { Log } from "../log.ts";
import { retryUntil } from "../retry.ts";
import { BusError, toBusError } from "./bus-error.ts";

export interface BusRequest {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

export interface BusAnswer {
  readonly data: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

type Handler = (request: BusRequest) => Promise<Uint8Array | BusAnswer>;

interface Serving {
  /** Takes no more, and waits for what was taken. */
  close(): Promise<void>;
}

export interface Requests {
  /** Throws BusError when nobody answers in time, or the one who serves throws. */
  request(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Uint8Array>;
  /** Answers requests from when it resolves; those who serve the same subject in the same queue share them. Waits while NATS is away. */
  serve(subject: string, queue: string, handler: Handler): Promise<Serving>;
  /** At most once, to whoever listens now. */
  broadcast(subject: string, payload: Uint8Array): void;
  listen(subject: string, onNews: (data: Uint8Array, subject: string) => void): Serving;
}

/**
 * Where an answer may go: an inbox, `_INBOX.…` or that of a user with a prefix of its own, `_INBOX_<user>.…`, or what the server made of
 * one that is in another account. Who asks names the subject, and with our rights could write into a mailbox or a lease.
 */
const isInbox = (reply: string | undefined): boolean => /^(_INBOX|_INBOX_[^.]+|_R_)\../.test(reply ?? "");

/** Of a request that is made again: whoever works on it already answers all of them with the same work. */
export const REQUEST_ID = "Switchyard-Request";
/** Set on the answer when the handler threw, so that its failure is not taken for an answer. */
const FAILED = "Switchyard-Failed";
const BACKOFF = { baseMs: 100, maxMs: 1000 };

export interface RequestsParts {
  readonly nats: NatsConnection;
  readonly log: Log;
  /** Ends the wait for the server. */
  readonly signal: AbortSignal;
}

export function createRequests({ nats, log, signal }: RequestsParts): Requests {
  /** The server knows what was subscribed to. A connection that breaks meanwhile takes it along when it comes back. */
  async function untilSubscribed(subject: string): Promise<void> {
    // A flush that is under way when the connection is closed never ends.
    const stopped = Promise.withResolvers<undefined>();
    const stop = (): void => stopped.resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    const flush = async (): Promise<true> => {
      await nats.flush();
      return true;
    };
    const onFailure = (error: unknown): void => {
      if (nats.isClosed()) throw toBusError(error, `serving ${subject}`);
      log.warn({ err: error, subject }, "subject not served yet");
    };
    const flushed = retryUntil(flush, { backoff: BACKOFF, signal, onFailure });
    const isKnown = await Promise.race([flushed, stopped.promise]).finally(() =>
      signal.removeEventListener("abort", stop),
    );
    if (!isKnown) throw new BusError("disconnected", `stopped before ${subject} was served`);
  }

  async function answer(message: Msg, handler: Handler): Promise<void> {
    const { subject, data, reply } = message;
    const respond = (answer: Uint8Array | undefined, head?: MsgHdrs): void => {
      if (isInbox(reply)) message.respond(answer, head && { headers: head });
      else if (reply)
        log.warn({ subject, reply }, "request names no inbox for its answer, which is left out");
    };
    try {
      const given = await handler({ subject, data, headers: message.headers });
      if (given instanceof Uint8Array) respond(given);
      else respond(given.data, headersOf(given.headers));
    } catch (error) {
      log.error({ err: error, subject }, "request failed");
      const head = headers();
      head.set(FAILED, "true");
      respond(undefined, head);
    }
  }

  return {
    async request(subject, payload, timeout, given = {}) {
      const reply = await nats
        .request(subject, payload, { timeout, headers: headersOf(given) })
        .catch((error: unknown) => Promise.reject(toBusError(error, `asking ${subject}`)));
      if (reply.headers?.has(FAILED)) throw new BusError("refused", `${subject} failed where it is served`);
      return reply.data;
    },

    async serve(subject, queue, handle) {
      const handler = onceAtATime(handle);
      const underWay = new Set<Promise<void>>();
      const subscription = nats.subscribe(subject, {
        queue,
        callback: (error, message) => {
          if (error) return;
          const work = answer(message, handler).finally(() => underWay.delete(work));
          underWay.add(work);
        },
      });
      try {
        await untilSubscribed(subject);
      } catch (error) {
        if (!subscription.isClosed()) subscription.unsubscribe();
        throw error;
      }
      return {
        async close() {
          if (!subscription.isClosed()) await subscription.drain();
          await Promise.all(underWay);
        },
      };
    },

    broadcast(subject, payload) {
      if (!nats.isClosed()) nats.publish(subject, payload);
    },

    listen(subject, onNews) {
      const subscription = nats.subscribe(subject, {
        callback: (error, message) => {
          if (error) return;
          // What is thrown here would end the client's loop: nothing at all would be read from the connection any more.
          try {
            onNews(message.data, message.subject);
          } catch (err) {
            log.error({ err, subject: message.subject }, "broadcast can't be read and is passed over");
          }
        },
      });
      return { close: async () => subscription.unsubscribe() };
    },
  };
}

/** What is asked again while it is worked on is not worked on twice. */
function onceAtATime(handler: Handler): Handler {
  const underWay = new Map<string, ReturnType<Handler>>();
  return (request) => {
    const id = request.headers?.get(REQUEST_ID);
    if (!id) return handler(request);
    const work = underWay.get(id) ?? handler(request).finally(() => underWay.delete(id));
    underWay.set(id, work);
    return work;
  };
}

function headersOf(given: Readonly<Record<string, string>> = {}): MsgHdrs {
  const head = headers();
  for (const [name, value] of Object.entries(given)) head.set(name, value);
  return head;
}
