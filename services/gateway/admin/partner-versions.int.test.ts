// Two who configure the same partner: the second is told of the first, and overwrites nothing unseen.
import * as assert from "uvu/assert";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("versions of partners over HTTP", { allowPrivatePartners: true });
const usual = { name: "Education", delivery: { type: "http", url: "http://127.0.0.1:1/leads" } };
const put = (id: string, query: string, body: object = usual) =>
  yard.admin("PUT", `/api/partners/${id}${query}`, body);
const versionOf = async (id: string) => (await yard.admin("GET", `/api/partners/${id}`)).body.version;

test("each configuration is another version, a pause is none", async () => {
  assert.is((await put("counted", "")).body.version, 1);
  assert.is((await put("counted", "?expected_version=1", { ...usual, price: 2 })).body.version, 2);
  await yard.admin("POST", "/api/partners/counted/pause");
  assert.is(await versionOf("counted"), 2);
  // What was read can be written back: there it is ignored.
  assert.is((await put("counted", "", { ...usual, version: 1 })).body.version, 3);
});

test("who expects another version is refused, and told who was faster", async () => {
  await put("moved", "");
  await put("moved", "", { ...usual, name: "Theirs" });
  const refused = await put("moved", "?expected_version=1", { ...usual, name: "Mine" });
  assert.is(refused.status, 409, refused.text);
  const { version, by, at, detail } = refused.body;
  assert.equal([version, by], [2, "admin"]);
  assert.ok(Date.parse(at) > Date.now() - 60_000);
  assert.match(detail, /version 2 now, configured by admin/);
  assert.is((await yard.admin("GET", "/api/partners/moved")).body.name, "Theirs");
});

test("one that there is already is not added over, and one that is gone not changed", async () => {
  await put("taken", "");
  assert.is((await put("taken", "?expected_version=0")).status, 409);
  await yard.admin("DELETE", "/api/partners/taken");
  const gone = await put("taken", "?expected_version=1");
  assert.equal([gone.status, gone.body.version], [409, 0]);
  assert.is((await put("taken", "?expected_version=0")).status, 200);
});

test("of two at the same moment that have seen the same, one is refused", async () => {
  await put("race", "");
  const answers = await Promise.all(
    [1, 2].map((price) => put("race", "?expected_version=1", { ...usual, price })),
  );
  assert.equal(answers.map(({ status }) => status).sort(), [200, 409]);
});

test("what is no version is a 400 that names it", async () => {
  for (const odd of ["-1", "1.5", "x"]) {
    const refused = await put("odd", `?expected_version=${odd}`);
    assert.equal([refused.status, refused.body.errors[0].path], [400, "expected_version"]);
  }
});

test.run();
