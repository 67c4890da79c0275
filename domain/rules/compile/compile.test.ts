import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tryPairs } from "../../fixtures/rules-agree.ts";

const compiled = suite("compiled rules");

const PAIRS = 100_000;

compiled("code, tree and plain evaluation agree, whatever the rules and the submission", () => {
  const { pairs, decided } = tryPairs(PAIRS);
  assert.ok(pairs >= PAIRS);
  assert.ok(decided > pairs / 10 && decided < pairs, `${decided} of ${pairs} were decided`);
});

compiled.run();
