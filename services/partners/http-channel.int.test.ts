import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Channel, openChannel } from "./http-channel.ts";

const test = suite("calling a partner");
const never = new AbortController().signal;
const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" } as const;
const usual = { concurrency: 4, timeoutMs: 500, keepAlive: true, allowPrivate: true };
const open: Channel[] = [];
let server: Server;
let url: string;
let calls = 0;

const channel = (over: Partial<Parameters<typeof openChannel>[0]> = {}): Channel => {
  const opened = openChannel({ ...usual, url, ...over });
  open.push(opened);
  return opened;
};

test.before(async () => {
  server = createServer((incoming, outgoing) => {
    calls += 1;
    if (incoming.url === "/endless") {
      outgoing.writeHead(200);
      const feed = (): void => {
        while (!outgoing.destroyed && outgoing.write("x".repeat(16_384)));
        if (!outgoing.destroyed) outgoing.once("drain", feed);
      };
      feed();
    } else if (incoming.url === "/trickle") {
      outgoing.writeHead(200);
      const timer = setInterval(() => outgoing.write("."), 50);
      outgoing.once("close", () => clearInterval(timer));
    } else if (incoming.url === "/elsewhere") {
      outgoing.writeHead(307, { location: "/answer" }).end();
    } else {
      outgoing.writeHead(200, { "x-made-by": "us" }).end('{"ok":true}');
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.after(async () => {
  await Promise.all(open.map((one) => one.close()));
  server.closeAllConnections();
  server.close();
});

test("gives the answer", async () => {
  const result = await channel({ url: `${url}/answer` }).call(request, never);
  assert.ok(result.answered);
  assert.equal([result.status, result.body, result.headers["x-made-by"]], [200, '{"ok":true}', "us"]);
});

test("follows no redirect", async () => {
  const before = calls;
  const result = await channel({ url: `${url}/elsewhere` }).call(request, never);
  assert.ok(result.answered && result.status === 307);
  assert.is(calls, before + 1);
});

test("reads no more than 64 KiB of an answer", async () => {
  const result = await channel({ url: `${url}/endless` }).call(request, never);
  assert.ok(result.answered && result.truncated);
  assert.is(result.answered && result.body.length, 65_536);
});

test("bounds the whole call, however slowly the answer trickles in", async () => {
  const begun = performance.now();
  const result = await channel({ url: `${url}/trickle` }).call(request, never);
  assert.equal(result, { answered: false, sent: true, reason: "timeout" });
  assert.ok(performance.now() - begun < 10_000);
});

test("ends at once when it is abandoned", async () => {
  const giveUp = new AbortController();
  const calling = channel({ url: `${url}/trickle`, timeoutMs: 60_000 }).call(request, giveUp.signal);
  giveUp.abort();
  assert.equal(await calling, { answered: false, sent: true, reason: "abandoned" });
});

test("knows that a request never left where nobody listens", async () => {
  const result = await channel({ url: "http://127.0.0.1:1/" }).call(request, never);
  assert.equal(result, { answered: false, sent: false, reason: "econnrefused" });
});

test("goes to no private address, whether it stands in the URL or the name leads there", async () => {
  const before = calls;
  const refused = { answered: false, sent: false, reason: "private_address_refused" };
  const port = new URL(url).port;
  for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]) {
    const closed = channel({ url: `http://${host}:${port}/answer`, allowPrivate: false });
    assert.equal(await closed.call(request, never), refused, host);
  }
  assert.is(calls, before);
});

test.run();
