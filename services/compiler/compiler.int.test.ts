// The compiler shares its process with those that deliver: no set of rules may keep them waiting, nor keep the next one from coming into force.
import * as assert from "uvu/assert";
import { type CompiledEvent, RULESET_COMPILED_STREAM } from "#domain/rules/events.ts";
import { gatewaySuite } from "../../test/gateway/suite.ts";
import { until } from "../../test/harness/wait.ts";
import { startCompiler } from "./app.ts";

const { test, yard } = await gatewaySuite("the compiler", { allowPrivatePartners: true }, [startCompiler]);

const delivery = { type: "http", url: "http://127.0.0.1:9/" };
await yard.admin("PUT", "/api/partners/edu", { name: "Edu", enabled: true, delivery });

const rule = (n: number, rules: readonly object[]) => ({
  id: `r${n}`,
  name: `Rule ${n}`,
  priority: n,
  enabled: true,
  when: { combinator: "and", rules },
  route: { to: "edu" },
});

type Compiled = Extract<CompiledEvent, { type: "RulesetCompiled" }>["data"];

async function compiledFrom(rules: readonly object[]): Promise<Compiled> {
  const put = await yard.admin("PUT", "/api/rules", { rules, force: true });
  assert.is(put.status, 200, put.text);
  return until("the newest rules are compiled", async () => {
    const [newest] = await yard.eventStore().readStreamBackwards(RULESET_COMPILED_STREAM, 1);
    const { items } = (await yard.admin("GET", "/api/rules/history?limit=1")).body;
    const data = newest?.data as Compiled | undefined;
    return data?.version === items[0].version && data;
  });
}

test("compiles rules within moments whose check would take ten seconds", async () => {
  const oneOf = (n: number, k: number) => ({
    combinator: "or",
    rules: [0, 1, 2].map((m) => ({
      field: `f${(n + k + m) % 20}`,
      operator: m === 1 ? "!=" : "=",
      value: `${(n * 7 + (k + m) * 13) % 26}-${(n * 3 + (k + m) * 5) % 26}`,
    })),
  });
  const rules = Array.from({ length: 100 }, (_, n) =>
    rule(
      n,
      Array.from({ length: 7 }, (_, k) => oneOf(n, k)),
    ),
  );
  const { ms } = await compiledFrom(rules);
  assert.ok(ms < 2_000, `it took ${ms} ms`);
});

test("leaves code out of its event that has room in it by its letters, but not by its bytes", async () => {
  const rules = Array.from({ length: 600 }, (_, n) =>
    rule(n, [{ field: "interest", operator: "contains", value: `${n}${"ж".repeat(400)}` }]),
  );
  const { source, hash } = await compiledFrom(rules);
  assert.is(source, undefined);
  assert.match(hash, /^[0-9a-f]{64}$/);
  const small = await compiledFrom(rules.slice(0, 10));
  assert.match(small.source ?? "", "ж");
});

test.run();
