import { suite } from "uvu";
import * as assert from "uvu/assert";
import { uuidOfWords, wordsOfUuid } from "./uuid-words.ts";

const test = suite("UUIDs as words");

test("come back as they were", () => {
  for (const id of [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "00010203-0405-0607-0809-0a0b0c0d0e0f",
    "80000000-7fff-8000-ffff-000080000001",
  ])
    assert.is(uuidOfWords(Uint32Array.from(wordsOfUuid(id))), id);
});

test("are the same in capital letters", () => {
  const id = "89abcdef-0123-4567-89ab-cdef01234567";
  assert.equal(wordsOfUuid(id), [0x89abcdef, 0x01234567, 0x89abcdef, 0x01234567]);
  assert.equal(wordsOfUuid(id.toUpperCase()), wordsOfUuid(id));
});

test.run();
