import type { Sentiment } from "./service.ts";

// How a text sounds by the words in it: a small list, for demos. It knows no irony, and of negation only the word before.

const GOOD = new Set(
  (
    "amazing awesome great good excellent fantastic glad happy helpful interested like love lovely nice " +
    "perfect please pleased super sure thank thanks welcome wonderful yes"
  ).split(" "),
);
const BAD = new Set(
  (
    "angry annoying awful bad broken cancel complaint disappointed horrible hate never no nothing poor " +
    "problem refund remove sad spam stop terrible unhappy unsubscribe useless worst wrong"
  ).split(" "),
);
const NEGATIONS = new Set("not don't dont isn't isnt never no wasn't won't wont can't cant".split(" "));

export function sentimentOf(text: string): Sentiment {
  const words =
    text
      .toLowerCase()
      .replaceAll("’", "'")
      .match(/[a-z']+/g) ?? [];
  let score = 0;
  for (const [n, word] of words.entries()) {
    const value = (GOOD.has(word) ? 1 : 0) - (BAD.has(word) ? 1 : 0);
    score += value > 0 && NEGATIONS.has(words[n - 1] ?? "") ? -value : value;
  }
  if (score === 0) return "neutral";
  return score > 0 ? "positive" : "negative";
}
