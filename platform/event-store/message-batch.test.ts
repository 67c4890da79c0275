// The batch leans on how grpc-js frames messages, so it is tested through a real server and client of it.
import type { ServerWritableStream } from "@grpc/grpc-js";
import { Client, credentials, Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { batchOf } from "./message-batch.ts";

const test = suite("message batch");
const asIs = (bytes: Buffer): Buffer => bytes;
const server = new Server();
let client: Client;

test.before(async () => {
  server.register(
    "/test/Read",
    (call: ServerWritableStream<Buffer, Buffer>) => {
      call.write(batchOf([Buffer.from("one"), Buffer.alloc(0), Buffer.alloc(100_000, "x")]));
      call.write(batchOf([Buffer.from("alone")]));
      call.write(Buffer.from("plain"));
      call.end();
    },
    asIs,
    asIs,
    "serverStream",
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});

test.after(() => {
  client.close();
  server.forceShutdown();
});

test("arrives as the messages that it was made of", async () => {
  const call = client.makeServerStreamRequest("/test/Read", asIs, asIs, Buffer.alloc(0), new Metadata());
  const received: string[] = [];
  for await (const message of call) received.push(String(message));
  assert.equal(received, ["one", "", "x".repeat(100_000), "alone", "plain"]);
});

test.run();
