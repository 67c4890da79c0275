import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createServer } from "../http/server.ts";
import { consoleRoutes, SCREENS } from "./routes.ts";

const test = suite("the console's files");
const log = pino({ level: "silent" });
const built = mkdtempSync(join(tmpdir(), "console-"));
const nothing = mkdtempSync(join(tmpdir(), "console-"));
mkdirSync(join(built, "assets"));
for (const [path, text] of [
  ["index.html", "<!doctype html><title>Switchyard</title>"],
  ["favicon.svg", "<svg/>"],
  ["secret.txt", "not for everybody"],
  ["assets/index-1a2b.js", "export {};"],
  ["assets/index-1a2b.js.br", "compressed"],
] as const)
  writeFileSync(join(built, path), text);
test.after(() => {
  for (const folder of [built, nothing]) rmSync(folder, { recursive: true });
});

async function served(folder: string) {
  const app = createServer(log as never);
  await app.register(consoleRoutes(log as never, folder));
  return app;
}

test("each screen's address has the page, with a policy that has no exception, and no copy of it is used unasked", async () => {
  const app = await served(built);
  for (const path of SCREENS) {
    const { statusCode, headers, body } = await app.inject(
      `${path.replace(":id", "some-id")}?status=delivered`,
    );
    assert.is(statusCode, 200, path);
    assert.match(body, "<title>Switchyard</title>");
    assert.match(String(headers["content-type"]), "text/html");
    assert.is(headers["cache-control"], "no-cache");
    assert.is(
      headers["content-security-policy"],
      "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    assert.is(headers["x-content-type-options"], "nosniff");
  }
});

test("what has a name of its content is good for ever, and compressed for who takes that", async () => {
  const app = await served(built);
  const plain = await app.inject("/assets/index-1a2b.js");
  assert.is(plain.body, "export {};");
  assert.is(plain.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.match(String(plain.headers["content-type"]), "javascript");
  const small = await app.inject({ url: "/assets/index-1a2b.js", headers: { "accept-encoding": "br" } });
  assert.is(small.headers["content-encoding"], "br");
  assert.is(small.body, "compressed");
  assert.is((await app.inject("/favicon.svg")).statusCode, 200);
});

test("what is no screen and no file is a 404 problem, wherever a path tries to lead", async () => {
  const app = await served(built);
  for (const path of [
    "/nowhere",
    "/api",
    "/api/nothing",
    "/secret.txt",
    "/assets/none.js",
    "/assets/../secret.txt",
    "/assets/%2e%2e/secret.txt",
    "/assets/..%2fsecret.txt",
  ]) {
    const { statusCode, headers, body } = await app.inject(path);
    assert.ok([400, 403, 404].includes(statusCode), `${path}: ${statusCode}`);
    assert.match(String(headers["content-type"]), "application/problem+json", path);
    assert.not.match(body, "not for everybody");
  }
});

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

test("a browser at an unknown address gets a page that leads to the overview, a program the problem", async () => {
  const app = await served(built);
  for (const url of ["/console-page-that-is-not", "/leads/one/more", "/api/nothing?x=1"]) {
    const { statusCode, headers, body } = await app.inject({ url, headers: { accept: BROWSER } });
    assert.is(statusCode, 404, url);
    assert.is(headers["content-type"], "text/html; charset=utf-8", url);
    assert.match(body, "<h1>There is nothing at this address</h1>");
    assert.match(body, /<a [^>]*href="\/">Go to the overview<\/a>/);
    assert.not.match(body, /<[^>]* style=|<script|\bon\w+=/);
    const style = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    assert.is(
      headers["content-security-policy"],
      `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-${hash}'`,
    );
    assert.is(headers.vary, "accept");
  }
  for (const [method, accept] of [
    ["GET", undefined],
    ["GET", "*/*"],
    ["GET", "application/json"],
    ["GET", "application/json, text/html;q=0.5"],
    ["POST", BROWSER],
  ] as const) {
    const url = "/console-page-that-is-not";
    const { statusCode, headers, body } = await app.inject({
      method,
      url,
      headers: accept ? { accept } : {},
    });
    assert.is(statusCode, 404, `${method} ${accept}`);
    assert.is(headers["content-type"], "application/problem+json", `${method} ${accept}`);
    assert.is(JSON.parse(body).type, "urn:switchyard:problem:not_found");
  }
});

test("where it is not built, a screen says what to do, and nothing else changes", async () => {
  const app = await served(nothing);
  const { statusCode, body } = await app.inject("/rules");
  assert.is(statusCode, 404);
  assert.match(JSON.parse(body).detail, "The console is not built here; run npm start");
  assert.is((await app.inject("/assets/index.js")).statusCode, 404);
});

test.run();
