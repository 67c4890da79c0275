import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { createLog } from "../log.ts";
import { openConnection } from "./connection.ts";

const test = suite("writing once per turn");

test("sends what one turn of the event loop published in one piece, in order", async () => {
  const nats = await startNats();
  let pieces: Buffer[] = [];
  const proxy = createServer((near) => {
    const far = connect(Number(new URL(nats.url).port), "127.0.0.1");
    near.on("data", (bytes) => {
      pieces.push(bytes);
      far.write(bytes);
    });
    far.pipe(near);
    near.on("close", () => far.destroy());
    for (const end of [near, far]) end.on("error", () => undefined);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const url = `nats://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const log = createLog({ level: "silent", name: "test", instance: "test" });
  const connection = await openConnection({ url, name: "test", log, signal: new AbortController().signal });
  try {
    await connection.nats.flush();
    pieces = [];
    for (let n = 0; n < 50; n += 1) {
      connection.nats.publish("a.b", `${n}`);
      // Another microtask, the same turn.
      await undefined;
    }
    assert.is(pieces.length, 0);
    await connection.nats.flush();
    const text = Buffer.concat(pieces).toString("latin1");
    const numbers = [...text.matchAll(/PUB a\.b \d+\r\n(\d+)\r\n/g)].map(([, n]) => Number(n));
    assert.equal(
      numbers,
      Array.from({ length: 50 }, (_, n) => n),
    );
    assert.is(pieces.length, 1);
  } finally {
    await connection.close();
    proxy.close();
    await nats.stop();
  }
});

test.run();
