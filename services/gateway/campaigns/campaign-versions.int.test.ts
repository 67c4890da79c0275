// Two who change the same campaign: the second is told of the first and of what they changed, and overwrites nothing unseen.
import * as assert from "uvu/assert";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("versions of campaigns over HTTP");
const usual = { name: "Spring", steps: [{ id: "rest", type: "wait", for: "1h" }] };
const put = (id: string, query: string, body: object = usual) =>
  yard.admin("PUT", `/api/campaigns/${id}${query}`, body);

test("each change is another version, the same definition is none", async () => {
  assert.is((await put("counted", "?expected_version=0")).body.version, 1);
  assert.is((await put("counted", "?expected_version=1")).body.version, 1);
  assert.is((await put("counted", "?expected_version=1", { ...usual, name: "Summer" })).body.version, 2);
  assert.is((await put("counted", "", { ...usual, name: "Autumn" })).body.version, 3);
});

test("who expects another version is told who was faster, when, and what they changed", async () => {
  await put("moved", "");
  await put("moved", "", { ...usual, name: "Theirs", rate: { per_second: 5 } });
  await put("beside", "");
  const refused = await put("moved", "?expected_version=1", { ...usual, name: "Mine" });
  assert.is(refused.status, 409, refused.text);
  const { type, version, by, at, changed, detail } = refused.body;
  assert.match(type, /version-moved|version_moved/);
  assert.equal([version, by, changed], [2, "admin", ["name", "rate"]]);
  assert.ok(Date.parse(at) > Date.now() - 60_000);
  assert.match(detail, /version 2 now, configured by admin, with another name, rate/);
  assert.is((await yard.admin("GET", "/api/campaigns/moved")).body.name, "Theirs");
});

test("a migration alone is another version of the same definition", async () => {
  await put("migrated", "");
  await put("migrated", "", { ...usual, migrate: { rest: "rest" } });
  const { body } = await put("migrated", "?expected_version=1");
  assert.equal([body.version, body.changed], [2, []]);
  assert.match(body.detail, /version 2 now, configured by admin;/);
});

test("a migration that leads nowhere is refused at its entry", async () => {
  await put("lost", "");
  const refused = await put("lost", "", { ...usual, migrate: { rest: "nowhere", gone: "rest" } });
  assert.is(refused.status, 422, refused.text);
  assert.equal(refused.body.errors, [
    { path: "migrate.rest", message: "names no step of this version: nowhere" },
    { path: "migrate.gone", message: "is no step of an older version of this campaign: gone" },
  ]);
});

test("one that there is already is not defined over, and one that there is not is not changed", async () => {
  await put("taken", "");
  const taken = await put("taken", "?expected_version=0");
  assert.equal([taken.status, taken.body.version, taken.body.changed], [409, 1, undefined]);
  const absent = await put("absent", "?expected_version=1");
  assert.equal([absent.status, absent.body.version], [409, 0]);
  assert.is((await yard.admin("GET", "/api/campaigns/absent")).status, 404);
});

test("of two at the same moment that have seen the same, one is refused", async () => {
  await put("race", "");
  const answers = await Promise.all(
    ["One", "Two"].map((name) => put("race", "?expected_version=1", { ...usual, name })),
  );
  assert.equal(answers.map(({ status }) => status).sort(), [200, 409]);
});

test("what is no version is refused by its name", async () => {
  for (const odd of ["-1", "1.5", "x"]) {
    const refused = await put("odd", `?expected_version=${odd}`);
    assert.is(refused.body.errors?.[0].path, "expected_version", refused.text);
  }
});

test.run();
