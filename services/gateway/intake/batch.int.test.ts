import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import {
  type Answer,
  type Parts,
  startParts,
  startTestGateway,
  storedIn,
  type TestGateway,
} from "../../../test/gateway/gateway.ts";

const test = suite("bulk intake");
let parts: Parts;
let yard: TestGateway;

test.before(async () => {
  parts = await startParts();
  yard = await startTestGateway(parts);
});
test.after(async () => {
  await yard?.stop();
  await parts?.stop();
});

const lead = JSON.stringify({ email: "jane@example.com" });
const line = (body = lead, key: string = randomUUID(), more: object = {}): string =>
  JSON.stringify({ ...signedHeaders(parseSecret(yard.secret), key, body), body, ...more });

const send = (text: string): Promise<Answer> =>
  yard.call("/api/submit/batch", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", "x-source": "demo" },
    body: text,
  });
const answers = ({ text }: Answer) =>
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

test("a line that is too long spoils none of the others", async () => {
  const long = line(JSON.stringify({ email: "a@example.com", x: "y".repeat(600_000) }));
  const all = answers(await send([line(), long, line()].join("\n")));
  assert.equal(
    all.map(({ status }) => status),
    [202, 413, 202],
  );
});

test("answers come while lines are still to come", async () => {
  const { port } = new URL(yard.url);
  const socket = connect(Number(port), "127.0.0.1");
  let seen = "";
  const answered = new Promise<void>((resolve) =>
    socket.on("data", (chunk) => {
      seen += chunk.toString();
      if (seen.includes('"line":1')) resolve();
    }),
  );
  const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  socket.write(
    "POST /api/submit/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\nx-source: demo\r\ntransfer-encoding: chunked\r\n\r\n",
  );
  socket.write(chunk(`${line()}\n`));
  await answered;
  socket.destroy();
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
