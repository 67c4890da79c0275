// Which demo data a first start finds and makes, against a real gateway.
import * as assert from "uvu/assert";
import { readConfig } from "#platform/config.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { ADMIN_TOKEN, type TestGateway } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { DEMO_PARTNERS, DEMO_RULES } from "./demo-partners.ts";
import { prepareDemo } from "./seed.ts";

const { test, yard } = await gatewaySuite("demo data", { allowPrivatePartners: true });

function start(dataDir: string, simulatorUrl = "http://127.0.0.1:8090"): Promise<string> {
  return prepareDemo({
    config: { ...readConfig({}), dataDir, roles: ["gateway"] },
    httpUrl: yard.url,
    simulatorUrl,
    adminToken: ADMIN_TOKEN,
    signal: new AbortController().signal,
  });
}

const get = async (path: string) => (await yard.admin("GET", path)).body;
const urlOf = async (id: string) => (await get(`/api/partners/${id}`)).delivery.url;
const own = { name: "Mine", delivery: { type: "http", url: "http://127.0.0.1:1/mine" } };
const rule = {
  id: "mine",
  name: "Mine",
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [] },
  route: { to: "edu" },
};
const dataDir = temporaryFolder("demo-");

async function removeAll({ admin }: TestGateway): Promise<void> {
  await admin("PUT", "/api/rules", { rules: [] });
  for (const { id } of DEMO_PARTNERS) await admin("DELETE", `/api/partners/${id}`);
}

test("a partner that is there already stays as it is, and what is missing is made", async () => {
  await yard.admin("PUT", "/api/partners/edu", own);
  assert.match(await start(dataDir), /fin, fallback/);
  assert.is(await urlOf("edu"), own.delivery.url);
  assert.is(await urlOf("fin"), "http://127.0.0.1:8090/partners/fin");
  const { rules, version } = await get("/api/rules");
  assert.equal([rules.map(({ id }: { id: string }) => id), version], [DEMO_RULES.map(({ id }) => id), 1]);
});

test("a second start changes nothing but where the simulator is", async () => {
  assert.is(await start(dataDir), "");
  await yard.admin("PUT", "/api/rules", { rules: [rule] });
  assert.match(await start(dataDir, "http://127.0.0.1:8091"), /pointed fallback, fin/);
  assert.is(await urlOf("fin"), "http://127.0.0.1:8091/partners/fin");
  assert.is(await urlOf("edu"), own.delivery.url);
  assert.equal((await get("/api/rules")).rules, [rule]);
});

test("rules that somebody put in before are not replaced, nor partners added beside them", async () => {
  await yard.admin("PUT", "/api/rules", { rules: [rule] });
  const before = await get("/api/rules");
  assert.is(await start(temporaryFolder("demo-")), "");
  assert.equal(await get("/api/rules"), before);
  assert.is(await urlOf("edu"), own.delivery.url);
});

test("what somebody removed does not come back", async () => {
  await removeAll(yard);
  assert.is(await start(temporaryFolder("demo-")), "");
  assert.equal((await get("/api/partners")).items, []);
  assert.equal((await get("/api/rules")).rules, []);
});

test.run();
