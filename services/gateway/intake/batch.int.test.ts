import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type HttpResponse, storedIn } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("bulk intake");

const lead = JSON.stringify({ email: "jane@example.com" });
const line = (body = lead, key: string = randomUUID(), more: object = {}): string =>
  JSON.stringify({ ...signedHeaders(parseSecret(yard.secret), key, body), body, ...more });

const send = (text: string, more: Readonly<Record<string, string>> = {}): Promise<HttpResponse> =>
  yard.call("/api/submit/batch", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", "x-source": "demo", ...more },
    body: text,
  });
const answers = ({ text }: HttpResponse) =>
  text
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one));

test("each line has its own answer, in order", async () => {
  const wrong = line().replace("v1,", "v1,AAAA");
  const answer = await send(
    [line(), wrong, "{", line("{}"), "", line('{"type":"ping"}', randomUUID(), { kind: "event" })].join("\n"),
  );
  assert.is(answer.status, 200);
  assert.is(answer.headers["content-type"], "application/x-ndjson");
  const all = answers(answer);
  assert.equal(
    all.map(({ line, status }) => [line, status]),
    [
      [1, 202],
      [2, 401],
      [3, 400],
      [4, 400],
      [6, 202],
    ],
  );
  assert.match(all[0].id, /^[0-9a-f-]{36}$/);
});

test("a line is the same submission as the one sent alone", async () => {
  const key = randomUUID();
  const alone = await yard.submit(lead, { key });
  const [again, other] = answers(
    await send(`${line(lead, key)}\n${line('{"email":"b@example.com"}', key)}\n`),
  );
  assert.is(again.id, alone.body.id);
  assert.is(again.duplicate, true);
  assert.is(other.status, 422);
});

test("the same line twice in one request is taken in once", async () => {
  const one = line();
  const [first, second] = answers(await send(`${one}\n${one}`));
  assert.not.ok("duplicate" in first);
  assert.is(second.duplicate, true);
  assert.is(second.id, first.id);
});

test("10,000 lines are taken in, and one more is not", async () => {
  const many = Array.from({ length: 10_001 }, () => line()).join("\n");
  const before = await storedIn("submission-", yard);
  const all = answers(await send(many));
  assert.is(all.length, 10_001);
  assert.ok(all.slice(0, 10_000).every(({ status }) => status === 202));
  assert.is(all[10_000].status, 413);
  const after = await storedIn("submission-", yard);
  assert.is(after.length - before.length, 10_000);
});

test("blank lines are none of the 10,000, and have a bound of their own", async () => {
  const statuses = async (lines: string): Promise<number[]> =>
    answers(await send(lines)).map(({ status }) => status);
  assert.equal(await statuses(`${"{}\n\n".repeat(10_000)}`), Array(10_000).fill(400));
  assert.is((await send("\n".repeat(10_000))).text, "");
  assert.equal(await statuses("\n".repeat(10_001)), [413]);
});

test("lines may end as they like, and blank ones are none", async () => {
  const all = answers(await send(`\n\r\n${line()}\r\n   \n${line()}\n\n`));
  assert.equal(
    all.map(({ line, status }) => [line, status]),
    [
      [3, 202],
      [5, 202],
    ],
  );
  assert.is((await send("")).text, "");
  assert.is((await send(line())).text.split("\n").length, 2);
});

test("a taken line tells where it is read and how far the log has come, a refused one when to come again", async () => {
  await yard.admin("PUT", "/api/sources/slow", { rate_limit: { per_second: 1 } });
  const { body: made } = await yard.admin("POST", "/api/sources/slow/secrets");
  const key = parseSecret(made.secret);
  const lines = ["a", "b"].map((id) => JSON.stringify({ ...signedHeaders(key, id, lead), body: lead }));
  const [taken, limited] = answers(await send(lines.join("\n"), { "x-source": "slow" }));
  assert.is(taken.href, `/api/leads/${taken.id}`);
  assert.is(taken.position, `${(await yard.eventStore().readStream(`submission-${taken.id}`))[0]?.position}`);
  assert.equal([limited.key, limited.status, limited.retry_after], ["b", 429, 1]);
});

test("a line may name its source, whether the request names one or not", async () => {
  await yard.admin("PUT", "/api/sources/shop", { allowed_kinds: ["event"] });
  const { body: made } = await yard.admin("POST", "/api/sources/shop/secrets");
  const event = '{"type":"order.paid"}';
  const signed = signedHeaders(parseSecret(made.secret), randomUUID(), event);
  const ofShop = JSON.stringify({ ...signed, "x-source": "shop", kind: "event", body: event });
  const ofDemo = line(lead, randomUUID(), { "x-source": "demo" });
  const ofNobody = line(lead, randomUUID(), { "x-source": "nobody" });
  const statuses = (answer: HttpResponse) => answers(answer).map(({ status }) => status);
  assert.equal(statuses(await send([line(), ofShop, ofDemo, ofNobody].join("\n"))), [202, 202, 202, 401]);
  const unnamed = await yard.call("/api/submit/batch", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: [line(), line(lead, randomUUID(), { "x-source": "demo" })].join("\n"),
  });
  assert.equal(statuses(unnamed), [401, 202]);
});

test("a line writes the names of its headers in any case, as a request may", async () => {
  const capitals = line().replaceAll(/"(webhook-[a-z]+)":/g, (name) => name.toUpperCase());
  assert.match(capitals, /"WEBHOOK-SIGNATURE":/);
  const other = line(lead, randomUUID(), { "X-Source": "nobody" });
  const all = answers(await send(`${capitals}\n${other}`));
  assert.equal([all[0].status, all[1].status], [202, 401]);
});

test("a line carries the headers of a CloudEvent as well", async () => {
  const event = { specversion: "1.0", id: "1", source: "/a", type: "t", data: { email: "jane@example.com" } };
  const structured = line(JSON.stringify(event), randomUUID(), {
    "content-type": "application/cloudevents+json",
  });
  const attributes = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "order.paid" };
  const binary = line('{"order_id":1}', randomUUID(), { kind: "event", ...attributes });
  const all = answers(await send(`${structured}\n${binary}`));
  assert.equal(
    all.map(({ status }) => status),
    [202, 202],
  );
});

test("lines that are no signed submissions are refused one by one", async () => {
  const odd = ["[]", "null", "1", '"x"', "{}", '{"body":{}}', '{"kind":"letter","body":"{}"}', "\ufeff{}"];
  const all = answers(await send([...odd, line()].join("\n")));
  assert.equal(
    all.map(({ status }) => status),
    [...odd.map(() => 400), 202],
  );
  const unnamed = await yard.call("/api/submit/batch", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: line(),
  });
  assert.is(JSON.parse(unnamed.text).status, 401);
});

test("a line that is too long spoils none of the others", async () => {
  const long = line(JSON.stringify({ email: "a@example.com", x: "y".repeat(600_000) }));
  const all = answers(await send([line(), long, line()].join("\n")));
  assert.equal(
    all.map(({ status }) => status),
    [202, 413, 202],
  );
});

test("a key is repeated only where it can be one", async () => {
  const odd = ["two words", "a\nb", "k".repeat(300), "\u00e9", ""];
  const all = answers(await send(odd.map((key) => line(lead, key)).join("\n")));
  assert.equal(
    all.map(({ key, status }) => [key, status >= 400]),
    odd.map(() => [undefined, true]),
  );
  const [unsigned] = answers(await send(line(lead, "good-key").replace("v1,", "v1,AAAA")));
  assert.equal([unsigned.key, unsigned.status], ["good-key", 401]);
});

test("something else than lines of JSON is 415", async () => {
  const answer = await yard.call("/api/submit/batch", {
    method: "POST",
    headers: { "content-type": "application/json", "x-source": "demo" },
    body: line(),
  });
  assert.is(answer.status, 415);
});

test.run();
