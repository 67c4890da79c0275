import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomFacts, randomRules } from "../../fixtures/random-rules.ts";
import { evaluate } from "../evaluate.ts";
import { compileRules, loadRules } from "./compile.ts";

const compiled = suite("compiled rules");

const RUNS = Number(process.env.RULE_SETS ?? 2_000);
const SUBMISSIONS = 25;

compiled("decide as the plain evaluation does, whatever the rules and the submission", () => {
  void fc.assert(
    fc.property(
      randomRules(),
      fc.array(randomFacts, { minLength: SUBMISSIONS, maxLength: SUBMISSIONS }),
      (rules, submissions) => {
        const { source } = compileRules(rules);
        const decide = loadRules(source, rules);
        for (const facts of submissions)
          assert.is(
            decide(facts)?.id,
            evaluate(rules, facts).rule?.id,
            `${JSON.stringify(facts)}\n${source}`,
          );
      },
    ),
    { numRuns: RUNS },
  );
});

compiled.run();
