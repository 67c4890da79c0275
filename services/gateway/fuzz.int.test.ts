import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import {
  ADMIN_TOKEN,
  type CallOptions,
  type Parts,
  startParts,
  startTestGateway,
  type TestGateway,
} from "../../test/gateway/gateway.ts";
import { operations } from "./describe/operations.ts";

const test = suite("mutated requests");
let parts: Parts;
let yard: TestGateway;

test.before(async () => {
  parts = await startParts();
  yard = await startTestGateway(parts);
});
test.after(async () => {
  agent.destroy();
  await yard?.stop();
  await parts?.stop();
});

const REQUESTS = 10_000;
const RAW = 500;
const AT_ONCE = 32;

/** The same requests each time; another seed gives others. */
let state = Number(process.env.FUZZ_SEED ?? 20_260_101);
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const below = (bound: number): number => Math.floor(random() * bound);
const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T;
const chance = (share: number): boolean => random() < share;

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  2 ** 53,
  "",
  " ",
  "\u0000",
  "\ud800",
  "a".repeat(20_000),
  "‮",
  [],
  {},
  [[]],
  [null],
  { toString: 1 },
  { constructor: { prototype: {} } },
  { $gt: "" },
  "' or 1=1 --",
  "{{email}}",
  "../../etc/passwd",
  "١٢٣",
  "+1",
  "@",
];
const bodies: readonly object[] = [
  {
    email: "jane@example.com",
    phone: "+12025550143",
    full_name: "Jane Doe",
    country: "US",
    consent: { text: "yes" },
  },
  { topic: "sales", description: "Call me", email: "jane@example.com" },
  { type: "shipment.delayed", event_id: "e1", occurred_at: "2026-01-01T00:00:00Z" },
  { specversion: "1.0", id: "1", source: "/s", type: "t", data: { email: "jane@example.com" } },
  {
    name: "P",
    delivery: { type: "http", url: "http://8.8.8.8/x", headers: { a: "b" } },
    limits: { concurrency: 4 },
  },
  {
    rules: [
      {
        id: "r",
        name: "r",
        priority: 1,
        enabled: true,
        when: { combinator: "and", rules: [{ field: "a", operator: "=", value: 1 }] },
        route: { to: "edu" },
      },
    ],
  },
  { name: "S", scheme: "body-sha256", allowed_kinds: ["lead"], rate_limit: { per_second: 5 } },
];

/** Somewhere in it, something else. */
function mutated(value: unknown): unknown {
  if (chance(0.25) || typeof value !== "object" || value === null) return pick(oddValues);
  if (Array.isArray(value))
    return value.length === 0 ? [pick(oddValues)] : value.map((one) => (chance(0.5) ? mutated(one) : one));
  const entries = Object.entries(value);
  if (chance(0.2))
    entries.push([pick(["__proto__", "constructor", "x".repeat(below(300)), "email", ""]), pick(oddValues)]);
  const at = below(entries.length);
  return Object.fromEntries(entries.map(([key, one], index) => [key, index === at ? mutated(one) : one]));
}

function mangled(text: string): Buffer {
  const bytes = Buffer.from(text);
  for (let at = below(4); at > 0 && bytes.length > 0; at -= 1) bytes[below(bytes.length)] = below(256);
  return chance(0.2) ? bytes.subarray(0, below(bytes.length + 1)) : bytes;
}

function oddPath(path: string): string {
  const filled = path.replace(/:\w+/g, () =>
    pick(["x", "edu", randomUUID(), "%2e%2e", "%00", "a".repeat(150), "%zz", "A B".replace(" ", "%20")]),
  );
  return chance(0.3)
    ? `${filled}?${pick(["after", "limit", "cursor", "q", "status", "a[b]"])}=${pick(["", "-1", "%", "9".repeat(30), "%F0", "x&limit=5"])}`
    : filled;
}

/** Where anybody from outside can send anything. */
const intake = operations.filter(({ tag }) => tag === "Intake");

function request(): { readonly path: string; readonly options: CallOptions } {
  const { path, method, by } = pick(chance(0.5) ? intake : operations);
  const text = JSON.stringify(chance(0.7) ? mutated(pick(bodies)) : pick(bodies)) ?? "";
  const body = chance(0.4) ? mangled(text) : Buffer.from(text);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (by === "source" || chance(0.1))
    Object.assign(headers, {
      "x-source": "demo",
      ...signedHeaders(parseSecret(yard.secret), randomUUID(), body),
    });
  else headers.authorization = `Bearer ${ADMIN_TOKEN}`;
  if (chance(0.2))
    headers[pick(Object.keys(headers))] = pick([
      "",
      "x",
      "v1,",
      `v1,${"A".repeat(5_000)}`,
      "application/cloudevents+json",
      "application/x-ndjson",
      "9".repeat(30),
      "text/html",
    ]);
  if (chance(0.1))
    headers[pick(["prefer", "traceparent", "ce-specversion", "ce-id", "content-encoding", "expect"])] = pick([
      "wait=0",
      "1.0",
      "%",
      "gzip",
      "00-x",
    ]);
  const verb = chance(0.9)
    ? method.toUpperCase()
    : pick(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"]);
  const bodiless = verb === "GET" || verb === "HEAD";
  return { path: oddPath(path), options: { method: verb, headers, ...(!bodiless && { body }) } };
}

interface Heard {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** Undefined for what node itself would not send: that is nobody's request. */
async function send(path: string, { method, headers, body }: CallOptions): Promise<Heard | undefined> {
  try {
    const asking = httpRequest(`${yard.url}${path}`, { agent, method, headers: { ...headers } });
    asking.end(body);
    const [answer] = (await once(asking, "response")) as [IncomingMessage];
    const chunks = await answer.toArray();
    const type = String(answer.headers["content-type"]);
    return { status: answer.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() };
  } catch {
    return undefined;
  }
}

test(`of ${REQUESTS} none gets a 5xx other than 503, and every refusal is a problem`, async () => {
  const statuses = new Map<number, number>();
  let left = REQUESTS;
  async function sender(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const { path, options } = request();
      const answer = await send(path, options);
      if (answer === undefined) continue;
      const { status, type, text } = answer;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert.ok(
        status < 500 || status === 503,
        `${status} for ${options.method} ${path} ${String(options.body)}`,
      );
      if (status >= 400 && options.method !== "HEAD") {
        assert.match(type, /^application\/problem\+json/, `${options.method} ${path}`);
        assert.not.match(text, /node_modules|at \w+ \(|jane@/);
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  const total = [...statuses.values()].reduce((sum, one) => sum + one, 0);
  assert.ok(total > REQUESTS * 0.9, `only ${total} were sent`);
  assert.ok((statuses.get(202) ?? 0) > 100 && (statuses.get(400) ?? 0) > 500, JSON.stringify([...statuses]));
});

/** Bytes that need not be HTTP at all. */
function raw(bytes: Buffer): Promise<string> {
  const { port } = new URL(yard.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1");
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      socket.destroy();
    });
    socket.on("close", () => resolve(seen)).on("error", () => undefined);
    socket.setTimeout(300, () => socket.destroy());
    socket.end(bytes);
  });
}

test("what is hardly HTTP is refused, and harms nobody", async () => {
  const text =
    "POST /api/submit HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
  for (let sent = 0; sent < RAW; sent += 50) {
    const seen = await Promise.all(Array.from({ length: 50 }, () => raw(mangled(text))));
    for (const one of seen) assert.match(one, /^($|HTTP\/1\.1 [234]\d\d)/);
  }
  assert.is((await yard.submit({ email: "jane@example.com" })).status, 202);
});

test("nothing went wrong inside", () =>
  assert.is(
    yard
      .logged()
      .split("\n")
      .find((line) => /"level":[56]0/.test(line)),
    undefined,
  ));

test.run();
