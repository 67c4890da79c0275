import { createHmac, randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hmacSha256 } from "./fingerprint.ts";

const test = suite("fingerprints");

const byNode = (key: Buffer, text: string): string =>
  createHmac("sha256", key).update(text).digest("base64url");

test("are what HMAC-SHA256 says, in any order of short and long texts", () => {
  for (const bytes of [0, 1, 32, 64]) {
    const key = randomBytes(bytes);
    const fingerprint = hmacSha256(key);
    for (const length of [400, 0, 1, 63, 341, 342, 5_000, 64, 2])
      for (const character of ["a", "é", "€", "\u{1f600}", "\ud800"]) {
        const text = character.repeat(length);
        assert.is(fingerprint(text), byNode(key, text), `${length} times ${JSON.stringify(character)}`);
      }
  }
});

test("take the test case of RFC 4231", () => {
  const fingerprint = hmacSha256(Buffer.from("Jefe"));
  assert.is(
    Buffer.from(fingerprint("what do ya want for nothing?"), "base64url").toString("hex"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("are refused a key that they would have to hash first", () => {
  assert.throws(() => hmacSha256(Buffer.alloc(65)), /longer/);
});

test.run();
