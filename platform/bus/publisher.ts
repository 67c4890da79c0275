// Publishing with an inbox of our own: acknowledgements are matched by a number, at a fraction of the client's cost.
import { createInbox, type Msg, type NatsConnection } from "nats";
import { BusError, toBusError } from "./bus-error.ts";
import { writtenHeaders } from "./written-headers.ts";

export interface PublishAck {
  readonly seq: number;
  /** The stream had this id already. */
  readonly duplicate: boolean;
}

export interface PublishOptions {
  /** A message with the same id within two minutes is stored once. */
  readonly id: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Publisher {
  publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<PublishAck>;
  /** Ends the wait of all that are not acknowledged. */
  failPending(error: BusError): void;
}

interface Pending {
  readonly resolve: (ack: PublishAck) => void;
  readonly reject: (error: BusError) => void;
  readonly timer: NodeJS.Timeout;
}

interface StreamAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string };
}

const TIMEOUT_MS = 5000;

/** `onNoStream` is told each time that no stream takes a subject. */
export function createPublisher(nats: NatsConnection, onNoStream: () => void): Publisher {
  const inbox = createInbox();
  const pending = new Map<string, Pending>();
  let last = 0;

  function takeOut(token: string): Pending | undefined {
    const found = pending.get(token);
    if (found) {
      pending.delete(token);
      clearTimeout(found.timer);
    }
    return found;
  }

  function onAnswer(message: Msg): void {
    const waiting = takeOut(message.subject.slice(inbox.length + 1));
    if (!waiting) return;
    if (message.headers?.code === 503) {
      waiting.reject(new BusError("no_responders", "no stream takes this subject"));
      onNoStream();
      return;
    }
    const { seq, duplicate, error } = message.json<StreamAnswer>();
    if (seq !== undefined && !error) waiting.resolve({ seq, duplicate: duplicate ?? false });
    else waiting.reject(new BusError("rejected", error?.description ?? "the stream gave no number"));
  }

  nats.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (!error) onAnswer(message);
    },
  });

  return {
    publish(subject, payload, { id, headers: given, timeoutMs = TIMEOUT_MS }) {
      const { promise, resolve, reject } = Promise.withResolvers<PublishAck>();
      last += 1;
      const token = last.toString(36);
      const timer = setTimeout(() => {
        takeOut(token)?.reject(new BusError("timeout", `${subject} was not acknowledged in ${timeoutMs} ms`));
      }, timeoutMs);
      pending.set(token, { resolve, reject, timer });
      try {
        const headers = writtenHeaders({ "Nats-Msg-Id": id, ...given });
        nats.publish(subject, payload, { reply: `${inbox}.${token}`, headers });
      } catch (error) {
        takeOut(token)?.reject(toBusError(error, `publishing ${subject}`));
      }
      return promise;
    },
    failPending(error) {
      for (const token of [...pending.keys()]) takeOut(token)?.reject(error);
    },
  };
}
