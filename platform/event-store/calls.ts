// Calls of our own over the client's connection: the client finds the store, connects, signs in, follows the leader and connects
// again; the messages are ours, because they are most of what a busy process does. See docs/decisions/0026 and 0070.
import type { EventStoreDBClient } from "@eventstore/db-client";
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type Metadata,
} from "@grpc/grpc-js";

type AppendStream = ClientDuplexStream<Buffer, Buffer>;
type ReadStream = ClientReadableStream<Buffer>;

export interface Calls {
  /** The one stream of appends, opened anew after it ended; `onOpened` is told of each. */
  appendStream(onOpened: (stream: AppendStream) => void): Promise<AppendStream>;
  /** Ends with an error at the deadline, in milliseconds since 1970. */
  read(request: Buffer, deadline: number): Promise<ReadStream>;
}

/** What the client keeps for those who build on it; fixed by its version, and seen to work by the tests. */
interface Inside {
  GRPCStreamCreator<Stream>(
    stub: typeof Stub,
    name: string,
    open: (stub: Stub) => Stream,
    cache?: WeakMap<Stub, Stream>,
  ): () => Promise<Stream>;
  callArguments(options: object, more: CallOptions): [Metadata, CallOptions];
  getChannel: () => Promise<{
    readonly internalChannel: { getOptions(): Record<string, unknown> };
  }>;
}

const SERVICE = "/event_store.client.streams.Streams";
const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * What the store may send before we have taken what came before. With the 64 KiB of HTTP/2 a process that is busy gets a few submissions'
 * worth of events in a turn of its event loop. See docs/decisions/0176.
 */
const WINDOW_BYTES = 1024 * 1024;

/** The client says nothing about it to gRPC, which asks when it connects. */
function widen(inside: Inside): void {
  const getChannel = inside.getChannel;
  inside.getChannel = async () => {
    const channel = await getChannel();
    channel.internalChannel.getOptions()["grpc-node.flow_control_window"] = WINDOW_BYTES;
    return channel;
  };
}

class Stub extends Client {
  batchAppend(metadata: Metadata, options: CallOptions): AppendStream {
    return this.makeBidiStreamRequest(`${SERVICE}/BatchAppend`, asIs, asIs, metadata, options);
  }

  read(request: Buffer, metadata: Metadata, options: CallOptions): ReadStream {
    return this.makeServerStreamRequest(`${SERVICE}/Read`, asIs, asIs, request, metadata, options);
  }
}

export function callsOver(client: EventStoreDBClient): Calls {
  const inside = client as unknown as Inside;
  widen(inside);
  const appendStreams = new WeakMap<Stub, AppendStream>();
  const argumentsOf = (deadline: number): [Metadata, CallOptions] => inside.callArguments({}, { deadline });

  return {
    appendStream(onOpened) {
      const open = (stub: Stub): AppendStream => {
        const opened = stub.batchAppend(...argumentsOf(Number.POSITIVE_INFINITY));
        // The client waits for both sides to end before it forgets a stream, and ours ends only now.
        opened.once("end", () => {
          appendStreams.delete(stub);
          opened.end();
        });
        onOpened(opened);
        return opened;
      };
      return inside.GRPCStreamCreator(Stub, "append", open, appendStreams)();
    },
    read: (request, deadline) =>
      inside.GRPCStreamCreator(Stub, "read", (stub) => stub.read(request, ...argumentsOf(deadline)))(),
  };
}
