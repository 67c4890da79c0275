import * as assert from "uvu/assert";
import { startTestGateway } from "../../../test/gateway/gateway.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { startTcpProxy } from "../../../test/gateway/tcp-proxy.ts";
import { until } from "../../../test/harness/wait.ts";

const { test, parts, atEnd } = await partsSuite("reading while PostgreSQL is away");
const wire = await startTcpProxy(Number(new URL(parts.postgres.url).port));
const url = new URL(parts.postgres.url);
url.port = `${wire.port}`;
atEnd(() => wire.close());
const yard = await startTestGateway(parts, { databaseUrl: `${url}` });
atEnd(() => yard.stop());

test("who waited for it when the connection broke is told to come again", async () => {
  const path = "/api/leads";
  assert.is((await yard.admin("GET", path)).status, 200);
  wire.hold();
  const asked = yard.admin("GET", path);
  await until("the question is on its way", () => wire.held().includes("projections.checkpoint"));
  wire.cut();
  const { status, headers, body } = await asked;
  assert.is(status, 503, JSON.stringify(body));
  assert.is(body.type, "urn:switchyard:problem:unavailable");
  assert.is(headers["retry-after"], "1");
  await until("it is answered again", async () => (await yard.admin("GET", path)).status === 200);
});

test.run();
