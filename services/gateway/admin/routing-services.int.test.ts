import * as assert from "uvu/assert";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { startCompiler } from "../../compiler/app.ts";
import { startRelay } from "../../relay/app.ts";

const { test, yard } = await gatewaySuite("routing services over HTTP", {}, [startRelay, startCompiler]);
const path = "/api/routing-services/picker";
const url = "http://8.8.8.8/choose";
const asking = {
  id: "ask",
  name: "Ask",
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [] },
  route: { ask: "picker" },
};

test("a rule may ask only a service that is configured", async () => {
  const refused = await yard.admin("PUT", "/api/rules", { rules: [asking] });
  assert.is(refused.status, 422);
  assert.equal(refused.body.errors, [
    { path: "rules.0.route.ask", message: "there is no such routing service" },
  ]);
  const put = await yard.admin("PUT", path, { url });
  assert.is(put.status, 200);
  const settings = {
    url,
    timeout_ms: 5_000,
    retry: { max_attempts: 3, base_ms: 500, max_ms: 60_000 },
    concurrency: 16,
  };
  assert.equal(put.body, { id: "picker", ...settings });
  assert.equal((await yard.admin("GET", path)).body, put.body);
  assert.is((await yard.admin("PUT", path, put.body)).status, 200, "what was read can be written back");
  assert.equal((await yard.admin("GET", "/api/routing-services")).body, { items: [put.body] });
  assert.is((await yard.admin("PUT", "/api/rules", { rules: [asking] })).status, 200);
});

test("a service that a rule asks can't be removed", async () => {
  const refused = await yard.admin("DELETE", path);
  assert.is(refused.status, 409);
  assert.match(refused.body.detail, "ask");
  await yard.admin("PUT", "/api/rules", { rules: [] });
  assert.is((await yard.admin("DELETE", path)).status, 204);
  assert.is((await yard.admin("DELETE", path)).status, 404);
  assert.is((await yard.admin("GET", path)).status, 404);
});

test("settings that make no sense are refused with their path", async () => {
  for (const [body, wrong] of [
    [{}, "url"],
    [{ url: "ftp://8.8.8.8/" }, "url"],
    [{ url: "http://user:secret@8.8.8.8/" }, "url"],
    [{ url: "http://127.0.0.1/choose" }, "url"],
    [{ url, timeout_ms: 0 }, "timeout_ms"],
    [{ url, retry: { max_attempts: 0 } }, "retry.max_attempts"],
    [{ url, colour: "red" }, "colour"],
  ] as const) {
    const { status, body: problem } = await yard.admin("PUT", path, body);
    assert.is(status, 422, JSON.stringify(body));
    assert.ok(
      problem.errors.some((one: { path: string }) => one.path === wrong),
      JSON.stringify(problem.errors),
    );
  }
  assert.is((await yard.call("/api/routing-services")).status, 401);
});

test.run();
