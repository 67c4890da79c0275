import { suite } from "uvu";
import * as assert from "uvu/assert";
import { refusal } from "../refusal.ts";
import { problemOf } from "./problem.ts";

const test = suite("problems");
const detailOf = (path: string, message: string): string =>
  problemOf(refusal("unacceptable", { errors: [{ path, message }] })).detail;

for (const [message, detail] of [
  ["Invalid input: expected boolean, received undefined", "at.it is missing: expected boolean"],
  ["Invalid input: expected string, received array", "at.it is not valid: expected string, received array"],
  ["is not known here", "at.it is not known here"],
  ["there is no such partner", "at.it: there is no such partner"],
  ['Invalid option: expected one of "and"|"or"', 'at.it: invalid option: expected one of "and"|"or"'],
] as const)
  test(`"${message}" reads as part of the detail`, () => {
    assert.is(detailOf("at.it", message), `Correct this and send it again: ${detail}`);
  });

test.run();
