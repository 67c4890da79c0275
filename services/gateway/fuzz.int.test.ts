import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import * as assert from "uvu/assert";
import { ADMIN_TOKEN } from "../../test/gateway/gateway.ts";
import { mangled } from "../../test/gateway/mutation.ts";
import { type OddRequest, oddRequests } from "../../test/gateway/odd-requests.ts";
import { gatewaySuite } from "../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("mutated requests");
await yard.admin("PUT", "/api/sources/hasher", { scheme: "body-sha256" });
const { body: made } = await yard.admin("POST", "/api/sources/hasher/secrets");
const oddRequest = oddRequests(yard.openApi, { demo: yard.secret, hasher: made.secret });
test.after(() => agent.destroy());

const REQUESTS = 12_000;
const RAW = 500;
const AT_ONCE = 32;
/** What was sent about a person, what guards the yard, and what only a stack would show. */
const PRIVATE = /jane|2025550143|Jane Doe|whsec_|node_modules|\bat \S+ \(|\.ts:\d/i;

interface RawResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** Undefined for what Node's client itself would not send: that is nobody's request. */
async function send({ method, path, headers, body }: OddRequest): Promise<RawResponse | undefined> {
  try {
    const host = ["host", "x"];
    const length = body === undefined ? [] : ["content-length", `${body.length}`];
    const sending = httpRequest(yard.url + path, {
      agent,
      method,
      headers: [host, ...headers, length].flat(),
    });
    sending.end(body);
    const [response] = (await once(sending, "response")) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  } catch (error) {
    if (/ECONN|socket/.test(String(error))) throw error;
    return undefined;
  }
}

/** A problem and nothing more, in an answer or in a line of one. */
function assertProblem(
  { type, title, status, detail, errors, retry_after, ...rest }: Record<string, unknown>,
  of: string,
) {
  assert.match(String(type), /^urn:switchyard:problem:[a-z_]+$/, of);
  assert.type(title, "string");
  assert.type(status, "number");
  assert.ok(Number(status) < 500 || status === 503, `${status} for ${of}`);
  if (status === 429 || status === 503) assert.ok(Number(retry_after) >= 1);
  for (const one of (errors ?? []) as object[]) assert.equal(Object.keys(one).sort(), ["message", "path"]);
  assert.ok(detail === undefined || typeof detail === "string");
  assert.equal(rest, {}, of);
}

function assertSound(request: OddRequest, { status, headers, text }: RawResponse): void {
  const of = `${request.method} ${request.path} ${request.body?.toString().slice(0, 500)}`;
  assert.ok(status < 500 || status === 503, `${status} for ${of}`);
  if (request.method === "HEAD") return;
  if (status >= 400) {
    assert.match(String(headers["content-type"]), /^application\/problem\+json/, of);
    assertProblem(JSON.parse(text), of);
    assert.not.match(text, PRIVATE, of);
  }
  if (headers["content-type"]?.startsWith("application/x-ndjson") && !isBacktest(request)) {
    for (const { line, key, ...told } of linesOf(text)) {
      assert.type(line, "number");
      if (told.status !== 202) assertProblem(told, of);
    }
    assert.not.match(text, PRIVATE, of);
  }
  yard.assertDescribed({
    method: request.method,
    path: request.path,
    // What was odd about a request need not be described.
    requestHeaders: {},
    requestBody: undefined,
    status,
    headers: headers as Record<string, string>,
    text,
  });
}

/** Its lines are no responses to lines. */
const isBacktest = ({ path }: OddRequest): boolean => path.startsWith("/api/rules/backtest");

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test(`of ${REQUESTS} none gets a 5xx other than 503, and every refusal is a problem and tells nothing`, async () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  let answered = 0;
  async function sender(): Promise<void> {
    while (answered < REQUESTS) {
      const request = oddRequest();
      const answer = await send(request);
      if (answer === undefined) continue;
      answered += 1;
      assertSound(request, answer);
      count(`${answer.status}`);
      if (answer.headers["content-type"]?.startsWith("application/x-ndjson") && !isBacktest(request))
        for (const { status } of linesOf(answer.text)) count(`line ${status}`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  console.log(`\n  ${JSON.stringify(Object.fromEntries([...seen].sort()))}`);
  assert.ok(answered >= REQUESTS);
  // It is worth something only when much is let in, and much is refused for each reason that there is.
  for (const [what, least] of [
    ["202", 700],
    ["200", 500],
    ["400", 1_000],
    ["401", 300],
    ["404", 50],
    ["405", 50],
    ["415", 50],
    ["422", 50],
    ["line 202", 300],
    ["line 400", 300],
  ] as const)
    assert.ok((seen.get(what) ?? 0) >= least, `${what}: ${seen.get(what)}`);
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

test("nothing went wrong inside, and nothing private was logged", () => {
  const lines = yard.logged().split("\n");
  assert.is(
    lines.find((line) => /"level":[56]0/.test(line)),
    undefined,
  );
  assert.is(
    lines.find((line) => /jane|2025550143|whsec_/i.test(line) || line.includes(ADMIN_TOKEN)),
    undefined,
  );
});

test.run();
