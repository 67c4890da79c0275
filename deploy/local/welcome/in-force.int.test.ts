// A first start is over only once its rules decide: a lead that came before would find none.
import * as assert from "uvu/assert";
import { RULESET_COMPILED_STREAM } from "#domain/rules/events.ts";
import { readConfig } from "#platform/config.ts";
import { newUuid } from "#platform/ids.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { ADMIN_TOKEN } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { prepareDemo } from "./seed.ts";

// No compiler runs beside it, so nothing is compiled but what the test says.
const { test, yard } = await gatewaySuite("the rules of a first start", { allowPrivatePartners: true });

test("are in force when it is over, however long compiling them takes", async () => {
  let isOver = false;
  const preparing = prepareDemo({
    config: { ...readConfig({}), dataDir: temporaryFolder("demo-"), roles: ["gateway", "compiler"] },
    httpUrl: yard.url,
    simulatorUrl: "http://127.0.0.1:8090",
    adminToken: ADMIN_TOKEN,
    signal: new AbortController().signal,
  }).then((made) => {
    isOver = true;
    return made;
  });
  await until("the rules are stored", async () => {
    return (await yard.admin("GET", "/api/rules")).body.version === 1;
  });
  // An unchanged set is answered once the gateway has given up waiting for it to be compiled, as the seed's own request was before.
  await yard.admin("PUT", "/api/rules/education", (await yard.admin("GET", "/api/rules")).body.rules[2]);
  assert.not.ok(isOver, "the rules are not compiled yet");
  const compiled = { version: 1, compiled_at: new Date().toISOString(), hash: "x", findings: {}, ms: 1 };
  await yard.eventStore().append(RULESET_COMPILED_STREAM, "any", [
    {
      id: newUuid(),
      type: "RulesetCompiled",
      data: compiled,
      metadata: { schema: 1, at: compiled.compiled_at },
    },
  ]);
  assert.match(await preparing, /5 rules/);
});

test.run();
