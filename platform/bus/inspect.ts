// What JetStream tells about its streams and consumers.
import type { JetStreamManager, MsgHdrs } from "nats";
import { toBusError } from "./bus-error.ts";
import { isMissing, type StreamName } from "./topology.ts";

interface ConsumerState {
  /** In the stream and never delivered yet. */
  readonly pending: number;
  /** Delivered and not answered, those waiting for their delay included. */
  readonly ackPending: number;
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
  /** The oldest message that the stream still has; the next to come when it is empty. */
  firstSeq(stream?: StreamName): Promise<number>;
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
  const messageAt = (seq: number, stream: StreamName = "YARD"): Promise<StreamMessage | undefined> =>
    orMissing(`message ${seq} of ${stream}`, async () => {
      const { subject, data, header } = await manager.streams.getMessage(stream, { seq });
      return { seq, subject, data, headers: header };
    });

  const range = async (stream: StreamName) => {
    const info = await orMissing(`the state of ${stream}`, () => manager.streams.info(stream));
    return info?.state;
  };

  return {
    messageAt,
    async lastMessage(stream = "YARD") {
      // The newest may be dropped between the two questions; the one before it went even earlier.
      for (;;) {
        const state = await range(stream);
        if (!state || state.messages === 0) return undefined;
        const message = await messageAt(state.last_seq, stream);
        if (message) return message;
      }
    },
    lastStoredAt: (subject, stream = "YARD") =>
      orMissing(`the last message of ${subject}`, async () => {
        const { time } = await manager.streams.getMessage(stream, { last_by_subj: subject });
        return time.getTime();
      }),
    async firstSeq(stream = "YARD") {
      return Math.max(1, (await range(stream))?.first_seq ?? 1);
    },
    consumerState: (name, stream = "YARD") =>
      orMissing(`the state of mailbox ${name}`, async () => {
        const info = await manager.consumers.info(stream, name);
        return {
          pending: info.num_pending,
          ackPending: info.num_ack_pending,
          ackFloorSeq: info.ack_floor.stream_seq,
          deliveredSeq: info.delivered.stream_seq,
        };
      }),
  };
}
