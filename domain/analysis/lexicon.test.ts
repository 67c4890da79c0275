import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sentimentOf } from "./lexicon.ts";

const test = suite("the list of words");

test("tells what sounds good from what sounds bad, and leaves open what it does not know", () => {
  assert.is(sentimentOf("Thanks, this is GREAT!"), "positive");
  assert.is(sentimentOf("Please stop. Terrible."), "negative");
  assert.is(sentimentOf("Tuesday at nine"), "neutral");
  assert.is(sentimentOf(""), "neutral");
  assert.is(sentimentOf("I don’t like it"), "negative");
});

test.run();
