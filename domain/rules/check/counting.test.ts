// What the check says of random sets of rules, held against every submission of a world so small that all of them can be tried.
import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allFacts, randomRules } from "../../fixtures/random-rules.ts";
import { checkAgreesInSmallWorld, checkAgreesOnTexts } from "../../fixtures/small-world.ts";
import { evaluate, matches } from "../evaluate.ts";
import type { Rule } from "../rule.ts";
import { checkRules } from "./check.ts";

const check = suite("check of rules, against counting");
const RUNS = Number(process.env.RULE_SETS ?? 300);

check("says what is true of small worlds, and misses nothing in them", () => {
  void fc.assert(
    fc.property(randomRules(4), (rules) => {
      const found = checkRules(rules);
      // What lies within a list is the one thing that is not compared.
      const asksForLength = JSON.stringify(rules).includes('"tags.length"');
      const enabled = rules.filter((one) => one.enabled);
      const named = (id: string): Rule => rules.find((one) => one.id === id) as Rule;
      const route = (one: Rule): string => JSON.stringify(one.route);

      for (const {
        rules: [a, b],
        witness,
      } of [...found.conflicts, ...found.duplicates]) {
        assert.ok(matches(named(a).when, witness) && matches(named(b).when, witness), `${a} ${b}`);
      }
      for (const { witness } of found.gaps) assert.is(evaluate(rules, witness).rule, undefined);
      const conflicting = new Set(found.conflicts.map((one) => one.rules.join(" ")));
      const silent = new Set([
        ...found.shadowed.map((one) => one.rule),
        ...found.impossible.map((one) => one.rule),
      ]);
      for (const facts of allFacts) {
        const decided = evaluate(rules, facts).rule;
        if (decided === undefined)
          assert.ok(
            found.gaps.length > 0 || (asksForLength && found.gave_up.length > 0),
            `no gap found for ${JSON.stringify(facts)}`,
          );
        else assert.not.ok(silent.has(decided.id), `${decided.id} decides ${JSON.stringify(facts)}`);
        const matching = enabled.filter((one) => matches(one.when, facts));
        for (const { rule: id } of found.impossible) assert.not.ok(matches(named(id).when, facts));
        for (const [n, a] of matching.entries())
          for (const b of matching.slice(n + 1)) {
            if (a.priority !== b.priority || route(a) === route(b)) continue;
            assert.ok(
              conflicting.has(`${a.id} ${b.id}`) || found.gave_up.length > 0,
              `${a.id} and ${b.id} both match ${JSON.stringify(facts)}`,
            );
          }
      }
    }),
    { numRuns: RUNS },
  );
});

check("says neither less nor more than counting does, in a world of 27 submissions", () => {
  checkAgreesInSmallWorld(RUNS);
});

check("says neither less nor more than counting does, of parts of a text and lists of them", () => {
  checkAgreesOnTexts(RUNS);
});

check.run();
