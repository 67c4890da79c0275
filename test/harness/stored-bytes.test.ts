import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { filesWith, writtenIn } from "./stored-bytes.ts";

const test = suite("stored bytes");
const TEXT = "Zoë Unmistakable <zoe@example.org>";
const noise = Buffer.from([0, 255, 200, 10]);
const within = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat([noise, ...parts.map((part) => Buffer.from(part)), noise]);

test("finds a text in every encoding, in either case", () => {
  assert.equal(writtenIn(within(TEXT), TEXT), ["UTF-8"]);
  assert.equal(writtenIn(within(TEXT.toLowerCase()), TEXT), ["UTF-8"]);
  assert.equal(writtenIn(within(Buffer.from(TEXT, "utf16le")), TEXT), ["UTF-16"]);
  assert.equal(writtenIn(within(TEXT.replace("ë", "\\u00eb")), TEXT), ["escaped JSON"]);
  assert.equal(writtenIn(within(encodeURIComponent(TEXT)), TEXT), ["URL"]);
  assert.equal(writtenIn(within(Buffer.from(TEXT).toString("hex")), TEXT), ["hex"]);
  assert.equal(writtenIn(within(TEXT.slice(1)), TEXT), []);
});

test("finds it inside what was encoded as base64 as a whole, wherever it begins", () => {
  for (const before of ["", "1", "12", "123"])
    for (const encoding of ["base64", "base64url"] as const)
      assert.equal(writtenIn(within(Buffer.from(`${before}${TEXT}!`).toString(encoding)), TEXT), ["base64"]);
});

test("searches every file of a folder", () => {
  const dir = mkdtempSync(join(tmpdir(), "bytes-"));
  mkdirSync(join(dir, "inner"));
  const path = join(dir, "inner", "file");
  writeFileSync(path, within(TEXT));
  writeFileSync(join(dir, "other"), noise);
  assert.equal(filesWith(dir, TEXT), [`${path} (UTF-8)`]);
});

test.run();
