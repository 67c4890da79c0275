// What JetStream reports about its streams and consumers.
import type { JetStreamManager, MsgHdrs, MsgRequest } from "nats";
import { toBusError } from "./bus-error.ts";
import { isMissing, type StreamName, SUBJECTS } from "./topology.ts";

export interface ConsumerState {
  /** In the stream and never delivered yet. */
  readonly pending: number;
  /** Delivered and not answered, those waiting for their delay included. */
  readonly ackPending: number;
  /** Of those the ones that were delivered more than once. */
  readonly redelivered: number;
  /** Everything up to here is answered. */
  readonly ackFloorSeq: number;
  readonly deliveredSeq: number;
}

interface StreamMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

export interface Inspector {
  /** Undefined when there is no such consumer. */
  consumerState(name: string, stream?: StreamName): Promise<ConsumerState | undefined>;
  /** Undefined when the stream has no message there (any more). */
  messageAt(seq: number, stream?: StreamName): Promise<StreamMessage | undefined>;
  /** Undefined when the stream is empty. */
  lastMessage(stream?: StreamName): Promise<StreamMessage | undefined>;
  /** When the newest message of a subject was stored, in milliseconds; undefined when the stream has none (any more). */
  lastStoredAt(subject: string, stream?: StreamName): Promise<number | undefined>;
  /** How many messages the stream has of each subject. */
  subjectsIn(stream?: StreamName): Promise<ReadonlyMap<string, number>>;
  /** The oldest message that the stream still has; the next to come when it is empty. */
  firstSeq(stream?: StreamName): Promise<number>;
  /** The last number that the stream has given out, though its message may be gone; 0 before any. */
  lastSeq(stream?: StreamName): Promise<number>;
}

async function orMissing<T>(doing: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw toBusError(error, doing);
  }
}

export function createInspector(manager: JetStreamManager): Inspector {
  const ask = (what: string, which: MsgRequest, stream: StreamName): Promise<StreamMessage | undefined> =>
    orMissing(what, async () => {
      const { seq, subject, data, header } = await manager.streams.getMessage(stream, which);
      return { seq, subject, data, headers: header };
    });

  return {
    messageAt: (seq, stream = "YARD") => ask(`message ${seq} of ${stream}`, { seq }, stream),
    // By its subject: the last number that the stream gave out may be that of a message which was deleted.
    lastMessage: (stream = "YARD") =>
      ask(`the last message of ${stream}`, { last_by_subj: SUBJECTS[stream] }, stream),
    lastStoredAt: (subject, stream = "YARD") =>
      orMissing(`the last message of ${subject}`, async () => {
        const { time } = await manager.streams.getMessage(stream, { last_by_subj: subject });
        return time.getTime();
      }),
    async subjectsIn(stream = "YARD") {
      const options = { subjects_filter: ">" };
      const info = await orMissing(`the subjects of ${stream}`, () => manager.streams.info(stream, options));
      return new Map(Object.entries(info?.state.subjects ?? {}));
    },
    async firstSeq(stream = "YARD") {
      const info = await orMissing(`the state of ${stream}`, () => manager.streams.info(stream));
      return Math.max(1, info?.state.first_seq ?? 1);
    },
    async lastSeq(stream = "YARD") {
      const info = await orMissing(`the state of ${stream}`, () => manager.streams.info(stream));
      return info?.state.last_seq ?? 0;
    },
    consumerState: (name, stream = "YARD") =>
      orMissing(`the state of mailbox ${name}`, async () => {
        const info = await manager.consumers.info(stream, name);
        return {
          pending: info.num_pending,
          ackPending: info.num_ack_pending,
          redelivered: info.num_redelivered,
          ackFloorSeq: info.ack_floor.stream_seq,
          deliveredSeq: info.delivered.stream_seq,
        };
      }),
  };
}
