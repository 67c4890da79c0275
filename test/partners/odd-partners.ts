// Partners to fuzz with: configurations of every kind that the schema allows, and a server whose answers are hardly any. The same seed
// gives the same ones.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { newSecret } from "#platform/webhooks.ts";

export interface OddServer {
  readonly port: number;
  close(): void;
}

const oddText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    "\u0000",
    "\ud800",
    "",
    " ",
    "…",
    "{{",
    "{{email}}",
    "x".repeat(5_000),
    "../..",
    "a: b\r\nc: d",
  ),
);
const printable = fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/);
const path = fc.stringMatching(/^[a-z_]{1,8}(\.[a-z0-9_]{1,8}){0,3}$/);
const json = fc.jsonValue({ maxDepth: 4 });
const millis = (max: number) => fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max }));

const headers = fc.dictionary(
  fc.oneof(
    { weight: 9, arbitrary: fc.stringMatching(/^x-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/) },
    {
      weight: 1,
      arbitrary: fc.oneof(oddText, fc.constantFrom("host", "Content-Length", "expect", "upgrade")),
    },
  ),
  fc.oneof({ weight: 9, arbitrary: printable }, { weight: 1, arbitrary: oddText }),
  { maxKeys: 3 },
);

const delivery = (port: number) =>
  fc.record(
    {
      type: fc.constant("http"),
      url: fc
        .tuple(fc.webPath(), fc.webQueryParameters())
        .map(([place, query]) => `http://127.0.0.1:${port}${place.replace(/^\/?/, "/")}?${query}`),
      method: fc.constantFrom("POST", "PUT", "PATCH"),
      headers,
      secret_headers: fc.constant([]),
      body: fc.dictionary(
        fc.string({ maxLength: 8 }),
        fc.oneof(json, fc.constantFrom("{{email}}", "a {{x.y}}")),
      ),
      timeout_ms: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(120_000)),
      secret: fc.constantFrom(newSecret(), undefined),
    },
    { requiredKeys: ["type", "url"] },
  );

/** What the schema of PUT /api/partners/:id allows; some of it is no sense all the same. */
export const oddConfig = (port: number) =>
  fc.record(
    {
      name: fc.oneof(printable, oddText),
      enabled: fc.constantFrom(true, true, true, false),
      delivery: delivery(port),
      dedupe: fc.record({ fields: fc.uniqueArray(path, { minLength: 1, maxLength: 3 }) }),
      retry: fc.record(
        {
          max_attempts: fc.integer({ min: 1, max: 100 }),
          base_ms: millis(1_000),
          max_ms: millis(604_800_000),
        },
        { requiredKeys: [] },
      ),
      circuit: fc.record(
        { failure_threshold: fc.integer({ min: 1, max: 1_000_000 }), open_ms: millis(604_800_000) },
        { requiredKeys: [] },
      ),
      limits: fc.record(
        {
          concurrency: fc.integer({ min: 1, max: 1_000 }),
          per_second: fc.double({ min: 1e-4, max: 100_000, noNaN: true }),
        },
        { requiredKeys: [] },
      ),
      response: fc.record(
        {
          success: fc.record({ path, equals: json }),
          duplicate: fc.record({ path, equals: json }),
          reason_path: path,
          price_path: path,
        },
        { requiredKeys: [] },
      ),
      price: fc.double({ min: 0, max: 1e9, noNaN: true }),
      idempotent: fc.boolean(),
    },
    { requiredKeys: ["name", "delivery"] },
  );

type Step =
  | { readonly do: "write"; readonly bytes: Buffer }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "end" | "reset" | "never" };

const head = (status: number | string, lines: readonly string[]): Buffer =>
  Buffer.from(`HTTP/1.1 ${status} x\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`, "latin1");

const oddJson = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.record({ why: oddText, price: fc.double(), ok: json }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '{"why":"\\u0000","price":1e400}',
    '{"why":"\\ud83d","price":"-1"}',
    `{"why":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    `{"why":"${"\\ud83d\\ude00".repeat(400)}"}`,
    `{"why":"${"x".repeat(100_000)}"}`,
    "{",
    "",
  ),
);
const status = fc.oneof(
  fc.constantFrom<number>(200, 200, 201, 204, 301, 400, 409, 422, 429, 500, 503, 100, 101, 103, 304),
  fc.integer({ min: 0, max: 1_200 }),
);
const headerLine = fc.oneof(
  fc.constantFrom(
    "content-type: application/json",
    "retry-after: 1e999",
    "retry-after: -5",
    "retry-after: 0",
    "retry-after: Thu, 01 Jan 1970 00:00:00 GMT",
    "transfer-encoding: chunked",
    "content-encoding: gzip",
    "content-length: 0",
    "content-length: -1",
    "content-length: 99999999999999999999",
    "connection: upgrade",
    "upgrade: websocket",
    "location: http://127.0.0.1:1/",
    "\u0000: \u0000",
    `x-long: ${"x".repeat(30_000)}`,
  ),
  fc.string({ maxLength: 60 }),
);
const body = fc.oneof(oddJson.map(Buffer.from), fc.uint8Array({ maxLength: 2_000 }).map(Buffer.from));
const bytes = (value: Buffer): Step => ({ do: "write", bytes: value });
const ending: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  { do: "end" },
  { do: "end" },
  { do: "reset" },
  { do: "never" },
);

/** Whatever a server could do with one connection. */
const oddAnswer: fc.Arbitrary<readonly Step[]> = fc.oneof(
  // Sound HTTP around an odd body.
  {
    weight: 6,
    arbitrary: fc
      .tuple(status, body, fc.array(headerLine, { maxLength: 1 }))
      .map(([code, content, lines]) => [
        bytes(head(code, [`content-length: ${content.length}`, ...lines])),
        bytes(content),
        { do: "end" as const },
      ]),
  },
  // A length that is not that of the body.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 10_000 }), body, ending)
      .map(([length, content, end]) => [
        bytes(head(200, [`content-length: ${length}`])),
        bytes(content),
        end,
      ]),
  },
  // Chunks that are none.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom("zz", "-1", "FFFFFFFFFFFF", "5"), body, ending)
      .map(([size, content, end]) => [
        bytes(head(200, ["transfer-encoding: chunked"])),
        bytes(Buffer.concat([Buffer.from(`${size}\r\n`), content])),
        end,
      ]),
  },
  // Anything at all.
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), headerLine.map(Buffer.from)), { maxLength: 4 }),
        ending,
      )
      .map(([parts, end]) => [...parts.map((part) => bytes(Buffer.from(part))), end]),
  },
  // Sound, and slower than anybody waits.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 400 }), ending)
      .map(([ms, end]) => [
        { do: "wait" as const, ms },
        bytes(head(200, ["content-length: 2"])),
        bytes(Buffer.from("{}")),
        end,
      ]),
  },
  // Nothing; or more than anybody reads.
  { weight: 1, arbitrary: ending.map((end) => [end]) },
  {
    weight: 1,
    arbitrary: ending.map((end) => [bytes(head(200, [])), bytes(Buffer.alloc(2_000_000, "x")), end]),
  },
);

/** Answers each connection by the next of so many odd ways, over and over. */
export async function startOddServer(seed: number, count = 500): Promise<OddServer> {
  const answers = fc.sample(oddAnswer, { seed, numRuns: count });
  const sockets = new Set<Socket>();
  let next = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.once("data", () => void play(socket, answers[next++ % answers.length] ?? []));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function play(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    switch (step.do) {
      case "write":
        socket.write(step.bytes);
        break;
      case "wait":
        await new Promise((resolve) => setTimeout(resolve, step.ms));
        break;
      case "end":
        socket.end();
        break;
      case "reset":
        socket.resetAndDestroy();
        break;
      case "never":
        return;
    }
  }
}
