import * as assert from "uvu/assert";
import { RULESET_COMPILED_STREAM } from "#domain/rules/events.ts";
import { hostileTexts } from "../../../domain/fixtures/hostile-texts.ts";
import { ADMIN_TOKEN } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startCompiler } from "../../compiler/app.ts";
import { startRelay } from "../../relay/app.ts";

const { test, yard } = await gatewaySuite("the rules over HTTP", {}, [startRelay, startCompiler]);

const partner = (name: string): object => ({
  name,
  delivery: { type: "http", url: "http://8.8.8.8/leads" },
});
for (const id of ["edu", "fin", "fallback"]) await yard.admin("PUT", `/api/partners/${id}`, partner(id));

const rule = (id: string, priority: number, rules: unknown[], to: string): Record<string, unknown> => ({
  id,
  name: `Rule ${id}`,
  priority,
  enabled: true,
  when: { combinator: "and", rules },
  route: { to },
});
const is = (field: string, value: unknown) => ({ field, operator: "=", value });
const demo = [
  rule("education", 10, [is("interest", "Education")], "edu"),
  rule("finance", 20, [is("country", "US"), is("interest", "Finance")], "fin"),
  rule("otherwise", 100, [], "fallback"),
];
const versionNow = async (): Promise<number> => (await yard.admin("GET", "/api/rules")).body.version;

test("a set with conflicts is refused with a submission that shows each, unless it is forced", async () => {
  const rules = [rule("a", 1, [is("interest", "x")], "edu"), rule("b", 1, [is("country", "US")], "fin")];
  const before = await versionNow();
  const refused = await yard.admin("PUT", "/api/rules", { rules });
  assert.is(refused.status, 422);
  assert.equal(refused.body.conflicts[0].rules, ["a", "b"]);
  assert.equal(refused.body.conflicts[0].witness, { interest: "x", country: "US" });
  assert.is(await versionNow(), before);
  assert.is((await yard.admin("PUT", "/api/rules", { rules, force: true })).status, 200);
  const [, b] = rules;
  assert.is((await yard.admin("PUT", "/api/rules/b?force=true", { ...b, name: "B" })).status, 200);
  assert.is((await yard.admin("PUT", "/api/rules/b", { ...b, name: "C" })).status, 422);
});

test("what would be misunderstood in a group or a predicate is refused with its path", async () => {
  const before = await versionNow();
  const [wanted] = [is("interest", "x")];
  const inGroup = (...rules: unknown[]) => ({ combinator: "and", rules });
  const cases: readonly [string, unknown, string][] = [
    ["a misspelt field of a rule", { ...rule("a", 1, [], "edu"), prio: 1 }, "rules.0.prio"],
    ["of its group", { when: { ...inGroup(wanted), nott: true } }, "rules.0.when.nott"],
    ["of a predicate", { when: inGroup({ ...wanted, vale: 1 }) }, "rules.0.when.rules.0.vale"],
    [
      "of a predicate further in",
      { when: inGroup(wanted, inGroup(inGroup({ ...wanted, caseSensitive: true }))) },
      "rules.0.when.rules.1.rules.0.rules.0.caseSensitive",
    ],
    [
      "of a group further in",
      { when: inGroup({ ...inGroup(), negate: true }) },
      "rules.0.when.rules.0.negate",
    ],
    ["not at a predicate", { when: inGroup({ ...wanted, not: true }) }, "rules.0.when.rules.0.not"],
    [
      "another field to compare with",
      { when: inGroup({ ...wanted, valueSource: "field" }) },
      "rules.0.when.rules.0.valueSource",
    ],
    ["what is disabled", { when: inGroup({ ...wanted, disabled: true }) }, "rules.0.when.rules.0.disabled"],
    ["a group that is muted", { when: { ...inGroup(wanted), muted: true } }, "rules.0.when.muted"],
    [
      "how a list matches",
      { when: inGroup({ ...wanted, match: { mode: "all" } }) },
      "rules.0.when.rules.0.match",
    ],
    ["of a split", { route: { split: [{ to: "edu", weight: 1, share: 2 }] } }, "rules.0.route.split.0.share"],
  ];
  for (const [what, changed, path] of cases) {
    const rules = [{ ...rule("a", 1, [], "edu"), ...(changed as object) }];
    for (const [method, route] of [
      ["PUT", "/api/rules"],
      ["POST", "/api/rules/check"],
      ["PUT", "/api/rules/shadow"],
    ] as const) {
      const { status, body } = await yard.admin(method, route, { rules });
      assert.is(status, 422, `${what}: ${method} ${route}`);
      assert.is(body.errors[0].path, path, what);
    }
    const one = await yard.admin("PUT", "/api/rules/a", rules[0] as object);
    assert.equal([one.status, one.body.errors[0].path], [422, path.slice("rules.0.".length)], what);
  }
  assert.is(await versionNow(), before);
});

test("what an editor adds for itself is taken and not kept", async () => {
  const editors = { id: "e9f5", path: [0], disabled: false, muted: false };
  const predicate = { ...is("interest", "Education"), ...editors, valueSource: "value" };
  const when = {
    ...editors,
    combinator: "or",
    not: false,
    rules: [predicate, { ...editors, combinator: "and", rules: [] }],
  };
  const { status, body } = await yard.admin("PUT", "/api/rules", {
    rules: [{ ...rule("edited", 1, [], "edu"), when }],
  });
  assert.is(status, 200);
  assert.equal(body.rules[0].when, {
    combinator: "or",
    not: false,
    rules: [is("interest", "Education"), { combinator: "and", rules: [] }],
  });
});

test("every change is told with who made it, why, and what it changed, and can be taken back", async () => {
  await yard.admin("PUT", "/api/rules", { rules: demo, reason: "the demo" });
  const version = await versionNow();
  const [education] = demo;
  const put = await yard.admin("PUT", `/api/rules/education?reason=cheaper&expected_version=${version}`, {
    ...education,
    route: { to: "fin" },
  });
  assert.is(put.status, 200);
  const late = await yard.admin("DELETE", `/api/rules/education?expected_version=${version}`);
  assert.is(late.status, 409);
  assert.match(late.body.detail, `${version + 1}`);

  const { items } = (await yard.admin("GET", "/api/rules/history?limit=2")).body;
  assert.equal(
    items.map((one: { version: number; by: string; reason: string }) => [one.version, one.by, one.reason]),
    [
      [version + 1, "admin", "cheaper"],
      [version, "admin", "the demo"],
    ],
  );
  assert.equal(
    items[0].changes.map((one: { rule: string; change: string }) => [one.rule, one.change]),
    [["education", "changed"]],
  );

  const reverted = await yard.admin("POST", "/api/rules/revert", { version });
  assert.is(reverted.status, 200);
  assert.equal(reverted.body.rules, demo);
  assert.is((await yard.admin("POST", "/api/rules/revert", { version: 99_999 })).status, 404);
});

test("many editors at once overwrite nobody", async () => {
  await yard.admin("PUT", "/api/rules", { rules: demo });
  const ids = Array.from({ length: 8 }, (_, n) => `many-${n}`);
  const answers = await Promise.all(
    ids.map((id, n) => yard.admin("PUT", `/api/rules/${id}`, rule(id, 200 + n, [is("n", n)], "edu"))),
  );
  assert.equal(
    answers.map(({ status }) => status),
    ids.map(() => 200),
  );
  const { rules } = (await yard.admin("GET", "/api/rules")).body;
  for (const id of ids) assert.ok(rules.some((one: { id: string }) => one.id === id));
});

test("a draft is checked without being used", async () => {
  const before = await versionNow();
  const rules = [...demo, rule("late", 200, [is("interest", "Education")], "fin")];
  rules.push(rule("misspelt", 5, [is("intrest", "Education")], "fin"));
  const { status, body } = await yard.admin("POST", "/api/rules/check", { rules });
  assert.is(status, 200);
  assert.equal(body.shadowed[0].rule, "late");
  const misspelt = { field: "intrest", rules: ["misspelt"], did_you_mean: "interest", submissions: 0 };
  assert.equal(body.unknown_fields, [misspelt]);
  assert.ok(["education", "otherwise"].includes(body.shadowed[0].by[0]));
  assert.is(await versionNow(), before);
});

test("a rule is called as people write it, in letters of both cases", async () => {
  const { id: _, ...named } = rule("EduFirst", 1, [], "edu");
  assert.is((await yard.admin("PUT", "/api/rules/EduFirst?force=true", named)).body.rule.id, "EduFirst");
  assert.is((await yard.admin("GET", "/api/rules/edufirst")).status, 404);
  assert.is((await yard.admin("DELETE", "/api/rules/EduFirst?force=true")).status, 204);
});

test("a submission is tried, on the rules in force, on those of another time, and on a draft", async () => {
  const put = await yard.admin("PUT", "/api/rules", { rules: demo });
  const position = put.headers["x-position"];
  await yard.admin("PUT", "/api/rules", { rules: [rule("all", 1, [], "fallback")] });
  const submission = { interest: "finance ", country: "usa" };
  const now = await yard.admin("POST", "/api/rules/evaluate", { submission });
  assert.equal([now.body.rule, now.body.partner], ["all", "fallback"]);
  const then = await yard.admin("POST", "/api/rules/evaluate", { submission, at: position });
  assert.equal([then.body.rule, then.body.partner], ["finance", "fin"]);
  const byNumber = await yard.admin("POST", "/api/rules/evaluate", { submission, at: Number(position) });
  assert.equal(byNumber.body, then.body);
  assert.equal(then.body.explanation[0].because, {
    field: "interest",
    operator: "=",
    expected: "Education",
    actual: "finance ",
  });
  const draft = await yard.admin("POST", "/api/rules/evaluate", { submission, rules: [] });
  assert.equal([draft.body.rule, draft.body.partner, draft.body.route], [null, null, null]);
  const odd = await yard.admin("POST", "/api/rules/evaluate", { submission, at: "tomorrow-ish" });
  assert.is(odd.status, 400);
});

test("the tree says what is asked and where each answer leads", async () => {
  await yard.admin("PUT", "/api/rules", { rules: demo });
  const { status, body } = await yard.admin("GET", "/api/rules/tree");
  assert.is(status, 200);
  assert.is(body.version, await versionNow());
  assert.match(JSON.stringify(body.tree), '"decided":"education"');
});

test("nothing that stands in a rule becomes code", async () => {
  const evil = 'x"); globalThis.hacked = true; ("';
  const rules = [
    rule("evil", 1, [is("interest", evil), { field: "constructor", operator: "=", value: evil }], "edu"),
  ];
  assert.is((await yard.admin("PUT", "/api/rules", { rules })).status, 200);
  const tried = await yard.admin("POST", "/api/rules/evaluate", { submission: { interest: evil } });
  assert.is(tried.body.rule, null);
  assert.not.ok("hacked" in globalThis);
  const name = 'a"]; globalThis["hacked"] = true; //';
  const named = { rules: [rule("f", 1, [is(name, 1)], "edu")] };
  assert.is((await yard.admin("PUT", "/api/rules", named)).status, 200);
  const read = await yard.admin("POST", "/api/rules/evaluate", { submission: { [name]: 1 } });
  assert.is(read.body.rule, "f");
  assert.not.ok("hacked" in globalThis);
});

test("hostile texts are values everywhere, and refused where they can be none", async () => {
  const canary = "overHttp";
  const texts = hostileTexts(canary).filter((text) => text.trim() !== "" && text.isWellFormed());
  const rules = texts.map((text, n) => ({
    ...rule(`h${n}`, n, [is("interest", text), { field: "note", operator: "contains", value: text }], "edu"),
    name: text,
  }));
  const put = await yard.admin("PUT", "/api/rules", { rules });
  assert.is(put.status, 200);
  assert.equal(put.body.rules, rules);
  const tree = await yard.admin("GET", "/api/rules/tree");
  assert.is(tree.status, 200);
  await until("the set is compiled", async () => {
    const [newest] = await yard.eventStore().readStreamBackwards(RULESET_COMPILED_STREAM, 1);
    return (newest?.data as { version?: number } | undefined)?.version === put.body.version;
  });
  for (const text of texts) {
    // Some differ in the space around them alone.
    const first = texts.findIndex((other) => other.trim() === text.trim());
    const submission = { interest: text, note: `a ${text} b` };
    const { status, body } = await yard.admin("POST", "/api/rules/evaluate", { submission });
    assert.equal([status, body.rule], [200, `h${first}`]);
    assert.equal(body.explanation.at(-1).because.expected, texts[first]);
  }
  const refused = async (one: Record<string, unknown>): Promise<number> =>
    (await yard.admin("PUT", "/api/rules", { rules: [{ ...rule("r", 1, [], "edu"), ...one }] })).status;
  const names = /^(?!\s)[^.\p{Cc}\p{Cs}]+(\.[^.\p{Cc}\p{Cs}]+)*(?<!\s)$/u;
  for (const text of texts) {
    const when = { combinator: "and", rules: [is(text, 1)] };
    assert.is(await refused({ when }), names.test(text) ? 200 : 422, text);
    assert.is(await refused({ route: { to: text } }), 422, text);
    assert.is(await refused({ route: { ask: text } }), 422, text);
  }
  const raw = JSON.stringify({ rules: [rule("r", 1, [], "edu")] }).replace(
    "{",
    `{"__proto__":{"${canary}":1},`,
  );
  const polluting = await yard.call("/api/rules", {
    method: "PUT",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: raw,
  });
  assert.is(polluting.status, 400);
  assert.not.ok(canary in globalThis);
  assert.is(({} as Record<string, unknown>)[canary], undefined);
});

test("is compiled once by the compiler, which says so", async () => {
  const version = await versionNow();
  await until("the newest set is compiled", async () => {
    const [newest] = await yard.eventStore().readStreamBackwards(RULESET_COMPILED_STREAM, 1);
    return (newest?.data as { version?: number } | undefined)?.version === version;
  });
  const { compiled_at } = (await yard.admin("GET", "/api/rules")).body;
  assert.ok(Date.parse(compiled_at) > Date.now() - 60_000);
});

test.run();
