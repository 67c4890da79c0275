// The table of README.md says what is so: tests that a row names are there, and run with this one; every other command is run here.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testFiles } from "../files.ts";
import { execute, startYardBeside, type YardBeside } from "./execute.ts";
import { commandsOf, patternsOf, readRequirements } from "./table.ts";

const test = suite("what was asked for");
const requirements = readRequirements();
/** Makes what takes minutes take seconds: fewer pairs, smaller bursts, fewer alerts. `npm run requirements` runs all of it. */
const SHORT = { SHORT: "1" };
let yard: YardBeside;

test.before(async () => {
  yard = await startYardBeside();
});
test.after(() => yard?.stop());

test("has a row for each thing, with a command", () => {
  assert.ok(requirements.length >= 50, `${requirements.length} rows`);
  for (const { asked, command } of requirements) assert.match(command, /^npm (test|run) /, asked);
});

test("is shown by tests that exist", () => {
  const commands = [...commandsOf(requirements).keys()];
  const patterns = commands.flatMap((command) => patternsOf(command) ?? []);
  assert.ok(patterns.length >= 40);
  for (const pattern of patterns) assert.ok(testFiles([pattern]).length > 0, pattern);
});

for (const [command, rows] of commandsOf(requirements)) {
  if (patternsOf(command) !== undefined) continue;
  test(`is shown by ${command}`, async () => {
    const beside = rows.some(({ besideYard }) => besideYard) ? yard.env : {};
    const { code, output } = await execute(command, { ...SHORT, ...beside });
    assert.is(code, 0, output);
  });
}

test.run();
