import * as assert from "uvu/assert";
import { type PlainRequest, sendPlainly } from "../../../test/gateway/plain-http.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("paths and methods");

const send = (request: PlainRequest) => sendPlainly(yard.url, request);

test("every other method is 405 and told what is allowed, whatever comes with it", async () => {
  for (const path of ["/api/submit", "/api/assistance", "/api/events", "/api/submit/batch"]) {
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]) {
      const { status, headers, text } = await send({ method, path });
      assert.is(status, 405, `${method} ${path}`);
      assert.is(headers.allow, "POST");
      if (method !== "HEAD") assert.is(JSON.parse(text).type, "urn:switchyard:problem:method_not_allowed");
    }
    const broken = [["content-type", "application/json"]] as const;
    assert.is((await send({ method: "PUT", path, headers: broken, body: ["{"] })).status, 405);
  }
});

test("a path that there is not is a 404 problem, whatever comes with it", async () => {
  for (const path of [
    "/nowhere",
    "/api",
    "/api/submit/",
    "//api/submit",
    "/API/submit",
    "/api/submit/batch/x",
  ])
    for (const [type, body] of [
      ["application/json", "{"],
      ["text/xml", "<a>"],
    ] as const) {
      const answer = await send({ path, headers: [["content-type", type]], body: [body] });
      assert.is(answer.status, 404, `${path} ${type}`);
      assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/);
      assert.is(answer.body.status, 404);
    }
});

test.run();
