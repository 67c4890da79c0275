import * as assert from "uvu/assert";
import { startTestGateway } from "../../../test/gateway/gateway.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { startTcpProxy } from "../../../test/gateway/tcp-proxy.ts";
import { until } from "../../../test/harness/wait.ts";

const { test, parts, atEnd } = await partsSuite("a gateway whose PostgreSQL is away");
const wire = await startTcpProxy(Number(new URL(parts.postgres.url).port));
const url = new URL(parts.postgres.url);
url.port = `${wire.port}`;
atEnd(() => wire.close());
const yard = await startTestGateway(parts, { databaseUrl: `${url}` });
atEnd(() => yard.stop());

const NOBODY = "00000000-0000-4000-8000-000000000000";
const PARTNER = { name: "Away", delivery: { type: "nats", subject: "partners.away" } };
const ASKED: readonly (readonly [method: string, path: string, body?: object])[] = [
  ["GET", "/api/leads"],
  ["GET", `/api/leads/${NOBODY}/timeline`],
  ["GET", "/api/dlq"],
  ["GET", "/api/stats"],
  ["GET", "/api/partners"],
  ["GET", "/api/projections"],
  ["GET", "/api/campaigns"],
  ["PUT", "/api/partners/away", PARTNER],
  ["POST", "/api/users", { name: "Ann", role: "viewer" }],
  ["POST", "/api/dlq/redrive", { dry_run: true }],
  ["POST", "/api/login", { name: "Ann", password: "wrong but long enough" }],
];

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

test("whatever needs it is not available, says when to come again, and is no fault of ours", async () => {
  await parts.postgres.halt();
  const answers = await Promise.all(
    ASKED.map(async ([method, path, body]) => {
      const { status, headers } = await yard.admin(method, path, body);
      return [method, path, status, headers["retry-after"]];
    }),
  ).finally(() => parts.postgres.restart());
  assert.equal(
    answers,
    ASKED.map(([method, path]) => [method, path, 503, "1"]),
  );
  assert.not.match(yard.logged(), "request failed");
  assert.is((await yard.admin("GET", "/api/leads")).status, 200);
});

test.run();
