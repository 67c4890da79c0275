import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../test/harness/wait.ts";
import { type Attempt, createHttpCaller, type HttpCaller, type HttpCallerOptions } from "./http-call.ts";

const test = suite("calling a partner over HTTP");
const attempt: Attempt = { obstacle: () => undefined, abandon: new AbortController().signal };
const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" } as const;
const usual = { concurrency: 4, timeoutMs: 500, keepAlive: true, allowPrivate: true };
const open: HttpCaller[] = [];
const connections = new Set<Socket>();
let server: Server;
let url: string;
/** Takes connections and says nothing, so that a TLS handshake with it never ends. */
const silent = createTcpServer((socket) => {
  connections.add(socket.on("error", () => undefined));
});
let silentUrl: string;
let calls = 0;

const ended = (outcome: string, reason: string): object => ({
  responded: false,
  outcome: { outcome, reason },
});

const caller = (over: Partial<HttpCallerOptions> = {}): HttpCaller => {
  const opened = createHttpCaller({ ...usual, url, ...over });
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
    } else if (incoming.url === "/broken") {
      outgoing.writeHead(200, { "content-length": 100 });
      outgoing.write("not all", () => incoming.socket.resetAndDestroy());
    } else if (incoming.url === "/early-hints") {
      outgoing.writeEarlyHints({ link: "</style.css>; rel=preload" });
      outgoing.writeHead(201).end("made");
    } else if (incoming.url === "/elsewhere") {
      outgoing.writeHead(307, { location: "/usual" }).end();
    } else {
      outgoing.writeHead(200, { "x-made-by": "us", "set-cookie": ["a=1", "b=2"] }).end('{"ok":true}');
    }
  }).listen(0, "127.0.0.1");
  silent.listen(0, "127.0.0.1");
  await Promise.all([once(server, "listening"), once(silent, "listening")]);
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  silentUrl = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
});
test.after(async () => {
  for (const socket of connections) socket.destroy();
  await Promise.all(open.map((one) => one.close()));
  server.closeAllConnections();
  server.close();
  silent.close();
});

test("gives the response", async () => {
  const result = await caller({ url: `${url}/usual` }).call(request, attempt);
  assert.ok(result.responded);
  assert.equal([result.status, result.body, result.headers["x-made-by"]], [200, '{"ok":true}', "us"]);
  assert.is(result.headers["set-cookie"], "a=1, b=2");
  assert.not.ok(result.truncated);
});

test("takes the last word for the response, not what is sent before it", async () => {
  const result = await caller({ url: `${url}/early-hints` }).call(request, attempt);
  assert.ok(result.responded);
  assert.equal([result.status, result.body], [201, "made"]);
});

test("follows no redirect", async () => {
  const before = calls;
  const result = await caller({ url: `${url}/elsewhere` }).call(request, attempt);
  assert.ok(result.responded && result.status === 307);
  assert.is(calls, before + 1);
});

test("reads no more than 64 KiB of a response", async () => {
  const result = await caller({ url: `${url}/endless` }).call(request, attempt);
  assert.ok(result.responded && result.truncated);
  assert.is(result.responded && result.body.length, 65_536);
});

test("takes half a response for none, after the request was sent", async () => {
  const result = await caller({ url: `${url}/broken` }).call(request, attempt);
  assert.ok(!result.responded && result.outcome.outcome === "unknown");
});

test("bounds the whole call, however slowly the response trickles in", async () => {
  const begun = performance.now();
  const result = await caller({ url: `${url}/trickle` }).call(request, attempt);
  assert.equal(result, ended("unknown", "timeout"));
  assert.ok(performance.now() - begun < 10_000);
});

test("ends at once when it is abandoned, and knows that the request was sent", async () => {
  const before = calls;
  const giveUp = new AbortController();
  const calling = caller({ url: `${url}/trickle`, timeoutMs: 60_000 }).call(request, {
    ...attempt,
    abandon: giveUp.signal,
  });
  await until("the request has arrived", () => calls === before + 1);
  giveUp.abort();
  assert.equal(await calling, ended("interrupted", "abandoned"));
});

test("knows that a request never left where nobody listens", async () => {
  const result = await caller({ url: "http://127.0.0.1:1/" }).call(request, attempt);
  assert.equal(result, ended("failed", "econnrefused"));
});

test("ends at once when it is abandoned while it connects, and knows that nothing was sent", async () => {
  const before = connections.size;
  const giveUp = new AbortController();
  const calling = caller({ url: silentUrl, timeoutMs: 60_000 }).call(request, {
    ...attempt,
    abandon: giveUp.signal,
  });
  await until("it is connecting", () => connections.size > before);
  giveUp.abort();
  assert.equal(await calling, ended("not_called", "abandoned"));
});

test("is bounded while it connects, and knows that nothing was sent", async () => {
  const result = await caller({ url: silentUrl, timeoutMs: 100 }).call(request, attempt);
  assert.ok(!result.responded && result.outcome.outcome === "failed");
  assert.match(result.outcome.reason, /timeout/);
});

test("sends nothing once it was abandoned, also when a connection comes about after that", async () => {
  const before = calls;
  const giveUp = new AbortController();
  const one = caller({ url: `${url}/usual`, concurrency: 1 });
  const calling = one.call(request, { ...attempt, abandon: giveUp.signal });
  giveUp.abort();
  assert.equal(await calling, ended("not_called", "abandoned"));
  // The only connection is made for the first call, and used by the second.
  const next = await one.call(request, attempt);
  assert.ok(next.responded);
  assert.is(calls, before + 1);
});

test("asks once more before the first byte leaves, however long connecting took", async () => {
  const before = calls;
  let asked = 0;
  const result = await caller({ url: `${url}/usual` }).call(request, {
    ...attempt,
    obstacle() {
      asked += 1;
      return "lease_lost";
    },
  });
  assert.equal(result, ended("not_called", "lease_lost"));
  assert.is(asked, 1);
  assert.ok((await caller({ url: `${url}/usual` }).call(request, attempt)).responded);
  assert.is(calls, before + 1);
});

test("closes without waiting for connections that nobody needs any more, and lets calls end", async () => {
  const giveUp = new AbortController();
  const connecting = createHttpCaller({ ...usual, url: silentUrl, timeoutMs: 60_000 });
  const abandoned = connecting.call(request, { ...attempt, abandon: giveUp.signal });
  giveUp.abort();
  await abandoned;
  const begun = performance.now();
  await connecting.close();
  assert.ok(performance.now() - begun < 4_000, "less than the time that connecting may take");

  const busy = createHttpCaller({ ...usual, url: `${url}/usual` });
  const calling = busy.call(request, attempt);
  await busy.close();
  assert.ok((await calling).responded);
});

test("goes to no private address, whether it stands in the URL or the name leads there", async () => {
  const before = calls;
  const refused = ended("failed", "private_address_refused");
  const port = new URL(url).port;
  for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]) {
    const closed = caller({ url: `http://${host}:${port}/usual`, allowPrivate: false });
    assert.equal(await closed.call(request, attempt), refused, host);
  }
  assert.is(calls, before);
});

test("keeps nothing of its connections where there was no call for long, and opens others for the next", async () => {
  let opened = 0;
  let closed = 0;
  const count = (socket: Socket): void => {
    opened += 1;
    socket.once("close", () => {
      closed += 1;
    });
  };
  server.on("connection", count);
  // Sooner than the connection would be closed for its own idleness.
  const one = caller({ idleMs: 200 });
  assert.is((await one.call(request, attempt)).responded, true);
  assert.equal([opened, closed], [1, 0]);
  await until("it is closed", () => closed === 1, 2_000);
  assert.is((await one.call(request, attempt)).responded, true);
  assert.is(opened, 2);
  server.off("connection", count);
});

test.run();
