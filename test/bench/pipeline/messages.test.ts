import { suite } from "uvu";
import * as assert from "uvu/assert";
import { headerOf, readMessages, statusOf } from "./messages.ts";

const test = suite("HTTP parser of the pipeline benchmark");

const accepted = 'HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\nx-position: 42\r\n\r\n{"id":1}';
const refused = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n\r\n";

function read(chunks: readonly string[]): [head: string, body: string][] {
  const messages: [string, string][] = [];
  const take = readMessages((head, body) => messages.push([head, body]));
  for (const chunk of chunks) take(Buffer.from(chunk));
  return messages;
}

test("splits one chunk into several messages", () => {
  const messages = read([accepted + refused + accepted]);
  assert.equal(
    messages.map(([head]) => statusOf(head)),
    [202, 503, 202],
  );
  assert.equal(
    messages.map(([, body]) => body),
    ['{"id":1}', "", '{"id":1}'],
  );
});

test("joins a message that arrives byte by byte", () => {
  const messages = read([...accepted]);
  assert.is(messages.length, 1);
  assert.is(messages[0]?.[1], '{"id":1}');
});

test("counts the body in bytes, not in characters", () => {
  const text = '{"name":"Łódź"}';
  const request = `POST / HTTP/1.1\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  const messages = read([request + refused]);
  assert.is(messages.length, 2);
  assert.is(Buffer.from(messages[0]?.[1] ?? "", "latin1").toString("utf8"), text);
});

test("finds a header whatever its case", () => {
  const [head = ""] = accepted.split("\r\n\r\n");
  assert.is(headerOf(head, "x-position"), "42");
  assert.is(headerOf(head, "content-length"), "8");
  assert.is(headerOf(head, "retry-after"), undefined);
});

test.run();
