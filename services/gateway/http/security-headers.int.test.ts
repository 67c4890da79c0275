import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import * as assert from "uvu/assert";
import { sendPlainly } from "../../../test/gateway/plain-http.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("security headers");

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function assertSafe(headers: Headers, of: string): void {
  assert.is(headers["x-content-type-options"], "nosniff", of);
  assert.is(headers["referrer-policy"], "no-referrer", of);
  assert.is(headers["x-frame-options"], "DENY", of);
  assert.is(headers["cross-origin-resource-policy"], "same-origin", of);
  assert.match(String(headers["content-security-policy"]), /^default-src 'none'.*frame-ancestors 'none'/, of);
  assert.not.match(String(headers["content-security-policy"]), /unsafe/, of);
  assert.is(headers["cache-control"], "no-store", of);
  for (const name of ["x-powered-by", "server"]) assert.not.ok(name in headers, `${of}: ${name}`);
}

test("everything that is answered carries them", async () => {
  for (const [path, methods] of Object.entries(yard.openApi.paths))
    for (const method of Object.keys(methods)) {
      const { headers } = await yard.call(path.replace(/\{\w+\}/g, "x"), { method: method.toUpperCase() });
      assertSafe(headers, `${method} ${path}`);
    }
  for (const path of ["/nowhere", "/api/leads/%zz", "/api/submit"])
    assertSafe((await sendPlainly(yard.url, { method: "GET", path })).headers, path);
  assertSafe((await yard.submit({ email: "jane@example.com" })).headers, "accepted");
  assertSafe((await yard.admin("GET", "/api/leads")).headers, "leads");
});

test("what is no HTTP is answered with them as well", async () => {
  const socket = connect(Number(new URL(yard.url).port), "127.0.0.1");
  socket.write("hello\r\n\r\n");
  let text = "";
  socket.on("data", (bytes) => (text += bytes.toString()));
  await once(socket, "close");
  const [head = ""] = text.split("\r\n\r\n");
  const headers = head
    .split("\r\n")
    .slice(1)
    .map((line) => line.split(": ") as [string, string]);
  assertSafe(Object.fromEntries(headers), head);
});

test("the page of the API has its own style, and nothing else", async () => {
  const { headers, text } = await yard.call("/docs");
  const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  assert.match(String(headers["content-security-policy"]), `style-src 'sha256-${hash}'`);
  assert.not.match(text, /<[^>]* style=|<script|\bon\w+=/);
});

test.run();
