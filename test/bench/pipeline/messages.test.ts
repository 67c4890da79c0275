import { suite } from "uvu";
import * as assert from "uvu/assert";
import { headerOf, readMessages, statusOf } from "./messages.ts";

const test = suite("HTTP messages of the pipeline's benchmark");

const accepted = 'HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\nx-position: 42\r\n\r\n{"id":1}';
const refused = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n\r\n";

function read(chunks: readonly string[]): [head: string, body: string][] {
  const found: [string, string][] = [];
  const take = readMessages((head, body) => found.push([head, body]));
  for (const chunk of chunks) take(Buffer.from(chunk));
  return found;
}

test("several in one chunk are told apart", () => {
  const found = read([accepted + refused + accepted]);
  assert.equal(
    found.map(([head]) => statusOf(head)),
    [202, 503, 202],
  );
  assert.equal(
    found.map(([, body]) => body),
    ['{"id":1}', "", '{"id":1}'],
  );
});

test("one that comes byte by byte is whole in the end", () => {
  const found = read([...accepted]);
  assert.is(found.length, 1);
  assert.is(found[0]?.[1], '{"id":1}');
});

test("a body is counted in bytes", () => {
  const text = '{"name":"Łódź"}';
  const found = read([
    `POST / HTTP/1.1\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}${refused}`,
  ]);
  assert.is(found.length, 2);
  assert.is(Buffer.from(found[0]?.[1] ?? "", "latin1").toString("utf8"), text);
});

test("a header is found whatever its case", () => {
  const [head = ""] = accepted.split("\r\n\r\n");
  assert.is(headerOf(head, "x-position"), "42");
  assert.is(headerOf(head, "content-length"), "8");
  assert.is(headerOf(head, "retry-after"), undefined);
});

test.run();
