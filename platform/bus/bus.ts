// NATS as the roles see it: publish once, mailboxes, requests. Everything on it can be derived again from the event store.
import { type JetStreamManager, type KV, NatsError } from "nats";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { retryUntil } from "../retry.ts";
import { BusError, toBusError } from "./bus-error.ts";
import { type NatsAccess, openConnection } from "./connection.ts";
import { createInspector, type Inspector } from "./inspect.ts";
import { createMailbox, type Mailbox, type MailboxOptions } from "./mailbox.ts";
import { createPublisher, type PublishAck, type PublishOptions } from "./publisher.ts";
import { createRequests, type Requests } from "./requests.ts";
import {
  type BucketName,
  ensureConsumer,
  ensureTopology,
  isMissing,
  rewindConsumer,
  type StreamName,
  type TopologyOptions,
} from "./topology.ts";

export { BusError } from "./bus-error.ts";
export type { Mail } from "./mail.ts";
export type { MailboxOptions } from "./mailbox.ts";
export type { BusAnswer, BusRequest } from "./requests.ts";

export interface Bus extends Inspector, Requests {
  readonly connected: boolean;
  /** What the server takes as one message, headers included. */
  readonly maxMessageBytes: number;
  /** Resolves when the stream has stored it; throws BusError when that is not known. Repeating with the same id is safe. */
  publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<PublishAck>;
  mailbox(options: MailboxOptions): Promise<Mailbox>;
  /** What is unanswered comes again at once, also what waits for its delay. Nobody may have the mailbox open meanwhile. */
  rewindMailbox(options: MailboxOptions): Promise<void>;
  /** Deletes a consumer that is needed no more, such as a deleted partner's; fine when there is none. */
  deleteMailbox(name: string, stream?: StreamName): Promise<void>;
  /** Deletes a message and writes over its bytes in the server's files; fine when it is gone already. */
  erase(seq: number, stream: StreamName): Promise<void>;
  /** Empties a stream; its mailboxes stay, and get what comes. */
  purge(stream?: StreamName): Promise<void>;
  kv(bucket: BucketName): Promise<KV>;
  /** Lets what is under way finish, then disconnects. */
  close(): Promise<void>;
}

export interface BusOptions extends NatsAccess {
  readonly name: string;
  readonly log: Log;
  /** When given, the connection closes with it. */
  readonly lifecycle?: Lifecycle;
  readonly topology?: TopologyOptions;
}

const BACKOFF = { baseMs: 100, maxMs: 2000 };
const API_TIMEOUT_MS = 3000;
/** Of a server that does not say. */
const DEFAULT_MAX_MESSAGE_BYTES = 1024 * 1024;

export async function connectBus({ name, log, lifecycle, topology, ...access }: BusOptions): Promise<Bus> {
  const closing = new AbortController();
  const signal = lifecycle ? AbortSignal.any([lifecycle.stopping, closing.signal]) : closing.signal;
  const connection = await openConnection({ ...access, name, log, signal });
  const { nats } = connection;
  const manager: JetStreamManager = await nats.jetstreamManager({
    checkAPI: false,
    timeout: API_TIMEOUT_MS,
  });
  const mailboxes = new Set<Mailbox>();
  let repairing: Promise<void> | undefined;

  async function declareAll(): Promise<void> {
    const declare = async (): Promise<true> => {
      await ensureTopology(manager, topology);
      return true;
    };
    const onFailure = (error: unknown): void => log.warn({ err: error }, "streams not declared yet");
    if (!(await retryUntil(declare, { backoff: BACKOFF, signal, onFailure })))
      throw new BusError("disconnected", "stopped before the streams were declared");
  }

  /** A server that comes back may have lost its folder, so all is declared anew; many may ask for it at once. */
  function repair(): Promise<void> {
    repairing ??= declareAll().finally(() => {
      repairing = undefined;
    });
    return repairing;
  }
  const repairInBackground = (): void => void repair().catch(() => undefined);
  const publisher = createPublisher(nats, repairInBackground);

  await repair().catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  connection.onReconnect(repairInBackground);
  connection.onDisconnect(() =>
    publisher.failPending(new BusError("disconnected", "the connection broke before the acknowledgement")),
  );

  function publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<PublishAck> {
    if (connection.connected) return publisher.publish(subject, payload, options);
    return Promise.reject(new BusError("disconnected", "there is no connection to NATS now"));
  }

  async function openMailbox(options: MailboxOptions): Promise<Mailbox> {
    const { stream = "YARD" } = options;
    const ensure = async (): Promise<void> => {
      try {
        await ensureConsumer(manager, { ...options, stream });
      } catch (error) {
        if (!isMissing(error)) throw error;
        await repair();
        await ensureConsumer(manager, { ...options, stream });
      }
    };
    await ensure().catch((error: unknown) => {
      throw error instanceof NatsError ? toBusError(error, `opening mailbox ${options.name}`) : error;
    });
    const mailbox = createMailbox(options, { connection, log, ensure });
    mailboxes.add(mailbox);
    return {
      ...mailbox,
      get unanswered() {
        return mailbox.unanswered;
      },
      close: () => mailbox.close().finally(() => mailboxes.delete(mailbox)),
    };
  }

  // Left to itself, the client asks the server what it may have each time that a bucket is wanted, which is for each write of a lease.
  const jetstream = nats.jetstream({ timeout: API_TIMEOUT_MS, checkAPI: false });
  const buckets = new Map<BucketName, Promise<KV>>();
  function kv(name: BucketName): Promise<KV> {
    const known = buckets.get(name);
    if (known !== undefined) return known;
    const bucket = jetstream.views.kv(name, { bindOnly: true });
    buckets.set(name, bucket);
    // What has failed is tried anew.
    bucket.catch(() => buckets.delete(name));
    return bucket;
  }

  async function close(): Promise<void> {
    closing.abort();
    await Promise.all(Array.from(mailboxes, (one) => one.close()));
    await connection.close();
    publisher.failPending(new BusError("disconnected", "the bus is closed"));
  }
  lifecycle?.own("bus", close);

  return {
    ...createInspector(manager),
    ...createRequests({ nats, log, signal }),
    get connected() {
      return connection.connected;
    },
    get maxMessageBytes() {
      return nats.info?.max_payload ?? DEFAULT_MAX_MESSAGE_BYTES;
    },
    publish,
    mailbox: openMailbox,
    async rewindMailbox({ stream = "YARD", ...options }) {
      await rewindConsumer(manager, { ...options, stream }).catch((error: unknown) => {
        if (!isMissing(error)) throw toBusError(error, `rewinding mailbox ${options.name}`);
      });
    },
    async deleteMailbox(mailbox, stream = "YARD") {
      await manager.consumers.delete(stream, mailbox).catch((error: unknown) => {
        if (!isMissing(error)) throw toBusError(error, `deleting mailbox ${mailbox}`);
      });
    },
    async erase(seq, stream) {
      await manager.streams.deleteMessage(stream, seq, true).catch((error: unknown) => {
        if (!isMissing(error)) throw toBusError(error, `erasing message ${seq} of ${stream}`);
      });
    },
    async purge(stream = "YARD") {
      await manager.streams.purge(stream).catch((error: unknown) => {
        if (!isMissing(error)) throw toBusError(error, `purging ${stream}`);
      });
    },
    kv,
    close,
  };
}
