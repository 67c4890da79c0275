// What the connection asks of the store lies inside the client and gRPC, so it is looked at from the store's side.
import { once } from "node:events";
import { createServer, type Http2Session, type Settings } from "node:http2";
import type { AddressInfo } from "node:net";
import { EventStoreDBClient } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callsOver } from "./calls.ts";

const test = suite("calls");

test("the store may send a mebibyte ahead, on each stream and on the whole connection", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = EventStoreDBClient.connectionString`esdb://127.0.0.1:${port}?tls=false`;
  try {
    const connected = once(server, "session") as Promise<[Http2Session]>;
    const call = callsOver(client).read(Buffer.alloc(0), Date.now() + 10_000);
    call.then((opened) => opened.on("error", () => undefined)).catch(() => undefined);

    const [session] = await connected;
    const [{ initialWindowSize }] = (await once(session, "remoteSettings")) as [Settings];
    assert.is(initialWindowSize, 1024 * 1024);
    await once(server, "stream");
    assert.ok((session.state.remoteWindowSize ?? 0) > 1_000_000, `${session.state.remoteWindowSize}`);
    session.destroy();
  } finally {
    await client.dispose();
    server.close();
  }
});

test.run();
