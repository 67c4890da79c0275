import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beginning, lastLine, running } from "./progress.ts";

const test = suite("what a run of the rows says");
const row = (besideYard: boolean) => ({ asked: "a thing", command: "npm test", besideYard });

test("how many there are, and how many beside a yard", () => {
  assert.is(beginning([row(false)], 1), "1 row of README.md, shown by 1 command");
  assert.is(
    beginning([row(false), row(true), row(true)], 2),
    "3 rows of README.md, shown by 2 commands, 2 of them beside a yard that is started for them",
  );
});

test("which command runs, and what it said last", () => {
  assert.is(running(3, 70, "npm run demo", true), "\ncommand 3 of 70: npm run demo (beside a yard)");
  assert.is(lastLine("one\n\u001b[32mtwo\u001b[0m\r\n\n", 12_400), "       12 s  two");
  assert.is(lastLine("", 0), "       0 s  ");
});

test.run();
