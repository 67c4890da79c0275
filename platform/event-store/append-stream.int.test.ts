import { EventStoreDBClient } from "@eventstore/db-client";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openAppender } from "./appender.ts";
import { callsOver } from "./calls.ts";
import { NoAnswer } from "./errors.ts";

const appends = suite("stream of appends");

type Call = ServerDuplexStream<Buffer, Buffer>;
const asIs = (bytes: Buffer): Buffer => bytes;

/** Says of any append that it is stored at revision 0: the number of the request, which comes first in it, and success. */
function stored(request: Buffer): Buffer {
  const number = request.subarray(0, 2 + (request[1] ?? 0));
  return Buffer.concat([number, Buffer.from([(3 << 3) | 2, 2, 1 << 3, 0])]);
}

async function startServer(onCall: (call: Call) => void) {
  const server = new Server();
  const method = {
    ...{ path: "/event_store.client.streams.Streams/BatchAppend", requestStream: true, responseStream: true },
    ...{
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  };
  server.addService({ batchAppend: method }, { batchAppend: onCall });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
}

appends("is opened anew after the store has ended it without an error", async () => {
  let calls = 0;
  const { port, stop } = await startServer((call) => {
    calls += 1;
    const isFirst = calls === 1;
    call.on("data", (request: Buffer) => (isFirst ? call.end() : call.write(stored(request))));
    call.on("end", () => call.end());
  });
  const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
  const appender = openAppender(callsOver(client));
  const append = () => appender.append({ stream: "a", expected: "no_stream", events: [] }, 2_000);
  const lost = await append().catch((error: unknown) => error);
  assert.instance(lost, NoAnswer);
  assert.is((await append()).revision, 0n);
  assert.is(calls, 2);
  await client.dispose();
  stop();
});

appends.run();
