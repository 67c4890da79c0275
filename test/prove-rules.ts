// `npm run prove-rules [pairs] [seed]`: plain evaluation, tree and code agree on so many random pairs of a rule set and a submission, a
// million where nothing else is said, and the check says what counting says. Ends with a code that is not 0 where they don't. SHORT=1
// tries a fiftieth.
import { tryPairs } from "#domain/fixtures/rules-agree.ts";
import { checkAgreesInSmallWorld, checkAgreesOnTexts } from "#domain/fixtures/small-world.ts";

const SHARE = process.env.SHORT ? 0.02 : 1;
const [pairsWanted = `${1_000_000 * SHARE}`, seed] = process.argv.slice(2);
const SETS_TO_CHECK = 20_000 * SHARE;

const began = performance.now();
const used = seed === undefined ? Date.now() & 0x7fffffff : Number(seed);
console.log(`seed ${used}`);
const { pairs, decided } = tryPairs(Number(pairsWanted), used);
const seconds = ((performance.now() - began) / 1_000).toFixed(0);
console.log(
  `code, tree and plain evaluation agree on ${pairs.toLocaleString("en")} pairs, ${decided.toLocaleString("en")} of them decided by a rule (${seconds} s)`,
);
checkAgreesInSmallWorld(SETS_TO_CHECK);
checkAgreesOnTexts(SETS_TO_CHECK / 10);
console.log(`the check says what counting says, of ${SETS_TO_CHECK.toLocaleString("en")} rule sets`);
