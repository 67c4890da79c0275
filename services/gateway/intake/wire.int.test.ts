import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, sign } from "#platform/webhooks.ts";
import { type PlainRequest, sendPlainly, signedPairs } from "../../../test/gateway/plain-http.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";

const { test, yard } = await gatewaySuite("a submission as others' programs send it");

const lead = '{"email":"jane@example.com"}';
const nobody = `v1,${Buffer.alloc(32).toString("base64")}`;
const key = () => parseSecret(yard.secret);
const pairs = (body: string | Buffer = lead) => signedPairs(key(), randomUUID(), body);
const send = (request: PlainRequest) => sendPlainly(yard.url, request);
const statusOf = async (request: PlainRequest) => (await send({ body: [lead], ...request })).status;

test("header names may be written in any case", async () => {
  for (const write of [
    (name: string) => name.toUpperCase(),
    (name: string) => name.replace(/\b\w/g, (first) => first.toUpperCase()),
  ]) {
    const headers = pairs().map(([name, value]) => [write(name), value] as const);
    assert.is(await statusOf({ headers }), 202);
  }
});

test("who is named twice, or names a key or time twice, is nobody", async () => {
  for (const twice of ["x-source", "webhook-id", "webhook-timestamp"]) {
    const headers = pairs().flatMap((one) => (one[0] === twice ? [one, one] : [one]));
    assert.is(await statusOf({ headers }), 401, twice);
  }
});

test("each header that is missing is a 401", async () => {
  for (const missing of ["x-source", "webhook-id", "webhook-timestamp", "webhook-signature"])
    assert.is(await statusOf({ headers: pairs().filter(([name]) => name !== missing) }), 401, missing);
});

const rewritten = (change: (signature: string) => string | readonly string[]) =>
  pairs().flatMap(([name, value]) =>
    name === "webhook-signature"
      ? [change(value)].flat().map((one) => [name, one] as const)
      : [[name, value] as const],
  );

test("one good signature among others will do, wherever it stands", async () => {
  for (const change of [
    (good: string) => `${nobody} ${good}`,
    (good: string) => `${good} ${nobody}`,
    (good: string) => `v1a,xyz v2,abc  ${good}`,
    (good: string) => [nobody, good],
    (good: string) => [good, nobody],
  ])
    assert.is(await statusOf({ headers: rewritten(change) }), 202);
  for (const change of [
    (good: string) => good.replace("v1,", "v2,"),
    (good: string) => good.slice(0, -4),
    () => nobody,
    () => "v1,",
    () => "v1",
  ])
    assert.is(await statusOf({ headers: rewritten(change) }), 401);
});

test("a secret that the source does not have signs nothing", async () => {
  const headers = signedPairs(parseSecret(newSecret()), randomUUID(), lead);
  assert.is(await statusOf({ headers }), 401);
});

test("a timestamp holds for 300 seconds to either side", async () => {
  const at = async (seconds: number): Promise<number> => {
    // Early in a second, so that the request does not cross into the next one.
    await until("a second begins", () => Date.now() % 1000 < 300);
    const timestamp = Math.floor(Date.now() / 1000) + seconds;
    const id = randomUUID();
    const headers = [
      ["content-type", "application/json"],
      ["x-source", "demo"],
      ["webhook-id", id],
      ["webhook-timestamp", `${timestamp}`],
      ["webhook-signature", sign(key(), id, timestamp, lead)],
    ] as const;
    return statusOf({ headers });
  };
  assert.equal(await Promise.all([-300, -299, 0, 299, 300].map(at)), [202, 202, 202, 202, 202]);
  assert.equal(await Promise.all([-301, 301, -86_400, 86_400].map(at)), [401, 401, 401, 401]);
});

for (const [what, body, status] of [
  ["space around it", ` \r\n\t${lead}\n `, 202],
  ["characters of several bytes", '{"full_name":"Zoë Müller 漢字 😀"}', 202],
  ["an escaped slash and unicode", '{"email":"jane\\u0040example.com","x":"\\/"}', 202],
  ["a byte order mark", `\ufeff${lead}`, 400],
  ["a line separator inside", '{"full_name":"Jane\u2028Doe"}', 202],
] as const) {
  test(`a body with ${what} is signed as the bytes that it is`, async () => {
    assert.is(await statusOf({ headers: pairs(body), body: [body] }), status);
    assert.is(await statusOf({ headers: pairs(body.trim()), body: [`${body}  `] }), 401);
  });
}

test("a body in chunks, cut anywhere, is the same body", async () => {
  const text = '{"full_name":"Zoë 😀"}';
  const bytes = Buffer.from(text);
  const id = randomUUID();
  const whole = await send({ headers: signedPairs(key(), id, text), body: [text] });
  const cut = await send({
    headers: signedPairs(key(), id, text),
    body: [...bytes].map((byte) => Buffer.of(byte)),
  });
  assert.is(cut.status, 202);
  assert.is(cut.body.id, whole.body.id);
  assert.is(cut.body.duplicate, true);
});

test("262,144 bytes are taken, and one more is not, with a length and without", async () => {
  const sized = (bytes: number): string => {
    const empty = '{"email":"jane@example.com","x":""}';
    return empty.replace('""', `"${"y".repeat(bytes - empty.length)}"`);
  };
  for (const [bytes, status] of [
    [262_144, 202],
    [262_145, 413],
  ] as const) {
    const body = sized(bytes);
    assert.is(Buffer.byteLength(body), bytes);
    assert.is(await statusOf({ headers: pairs(body), body: [body] }), status);
    const counted = [...pairs(body), ["content-length", `${bytes}`]] as const;
    assert.is(await statusOf({ headers: counted, body: [body] }), status);
  }
});

test("JSON may have parameters, but no other charset", async () => {
  const typed = (type: string) =>
    pairs().map(([name, value]) => [name, name === "content-type" ? type : value] as const);
  for (const type of [
    "application/json;charset=UTF-8",
    'Application/JSON ; charset="utf-8"',
    "application/json; charset=utf8; profile=x",
    "application/json; version=1",
    "application/json;",
  ])
    assert.is(await statusOf({ headers: typed(type) }), 202, type);
  for (const type of [
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    "application/jsonp",
    "application/json, text/plain",
    "application/cloudevents-batch+json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "",
  ])
    assert.is(await statusOf({ headers: typed(type) }), 415, type);
});

test("a signed body of nothing, or of no object, is 400", async () => {
  for (const body of ["", " ", "null", "1", '"text"', "true", "[]", `[${lead}]`, `${lead}${lead}`, "{,}"])
    assert.is(await statusOf({ headers: pairs(body), body: [body] }), 400, body);
  assert.is(await statusOf({ headers: pairs("").filter(([name]) => name !== "x-source"), body: [] }), 401);
});

test("where it can be read is told twice, and how far the log has come", async () => {
  const headers = pairs();
  const first = await send({ headers, body: [lead] });
  const again = await send({ headers, body: [lead] });
  for (const { status, headers, body } of [first, again]) {
    assert.is(status, 202);
    assert.is(headers.location, body.href);
    assert.is(body.href, `/api/leads/${body.id}`);
    assert.match(String(headers["x-position"]), /^\d+$/);
  }
  assert.is(again.headers["x-position"], first.headers["x-position"]);
});

test.run();
