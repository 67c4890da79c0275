// NATS as the roles see it: publish once, mailboxes, requests. Everything on it can be derived again from the event store.
import type { KV, MsgHdrs } from "nats";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import type { Mailbox, MailboxOptions } from "./mailbox.ts";
import type { BucketName, StreamName, TopologyOptions } from "./topology.ts";

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

export interface BusRequest {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

export interface ConsumerState {
  /** In the stream and never delivered yet. */
  readonly pending: number;
  /** Delivered and not answered, those waiting for their delay included. */
  readonly ackPending: number;
  /** Everything up to here is answered. */
  readonly ackFloorSeq: number;
  readonly deliveredSeq: number;
}

export interface StreamMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

export interface Bus {
  readonly connected: boolean;
  /** Resolves when the stream has stored it; throws BusError when that is not known. Repeating with the same id is safe. */
  publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<PublishAck>;
  mailbox(options: MailboxOptions): Promise<Mailbox>;
  /** Throws BusError when nobody answers in time, or the one who serves throws. */
  request(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Uint8Array>;
  /** Answers requests; those who serve the same subject in the same queue share them. */
  serve(
    subject: string,
    queue: string,
    handler: (request: BusRequest) => Promise<Uint8Array>,
  ): Promise<{ close(): Promise<void> }>;
  /** Undefined when there is no such consumer. */
  consumerState(name: string, stream?: StreamName): Promise<ConsumerState | undefined>;
  /** Undefined when the stream has no message there (any more). */
  messageAt(seq: number, stream?: StreamName): Promise<StreamMessage | undefined>;
  /** Undefined when the stream is empty. */
  lastMessage(stream?: StreamName): Promise<StreamMessage | undefined>;
  /** The oldest message that the stream still has; the next to come when it is empty. */
  firstSeq(stream?: StreamName): Promise<number>;
  /** Deletes a consumer that is needed no more, such as a deleted partner's; fine when there is none. */
  deleteMailbox(name: string, stream?: StreamName): Promise<void>;
  kv(bucket: BucketName): Promise<KV>;
  /** Lets what is under way finish, then disconnects. */
  close(): Promise<void>;
}

export class BusError extends Error {
  override name = "BusError";
  readonly reason: "timeout" | "disconnected" | "no_responders" | "rejected" | "refused";

  constructor(reason: BusError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface BusOptions {
  readonly url: string;
  readonly name: string;
  readonly log: Log;
  /** When given, the connection closes with it. */
  readonly lifecycle?: Lifecycle;
  readonly topology?: TopologyOptions;
}

export function connectBus(_options: BusOptions): Promise<Bus> {
  throw new Error("not yet");
}
