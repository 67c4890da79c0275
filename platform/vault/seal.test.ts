import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createKeyCache } from "./key-cache.ts";
import { createMasterKeys, UnknownMasterKey } from "./master-key.ts";
import { openWith, sealWith } from "./seal.ts";

const seals = suite("seal");
const key = randomBytes(32);
const person = { email: "ada@example.org", tags: [1, null] };

seals("opens what it sealed, where it was sealed for", () => {
  const sealed = sealWith(key, "k", person, "submission-1");
  assert.equal(openWith(key, sealed, "submission-1"), person);
  assert.not.match(JSON.stringify(sealed), /ada|example/);
});

seals("never gives the same seal twice", () => {
  assert.is.not(sealWith(key, "k", person, "c").data, sealWith(key, "k", person, "c").data);
});

seals("opens nowhere else, with no other key, under no other key's name, and not when changed", () => {
  const sealed = sealWith(key, "k", person, "submission-1");
  assert.throws(() => openWith(key, sealed, "submission-2"));
  assert.throws(() => openWith(randomBytes(32), sealed, "submission-1"));
  assert.throws(() => openWith(key, { ...sealed, key: "other" }, "submission-1"));
  const changed = Buffer.from(sealed.data, "base64");
  changed[0] = (changed[0] ?? 0) ^ 1;
  assert.throws(() => openWith(key, { ...sealed, data: changed.toString("base64") }, "submission-1"));
  assert.throws(() => openWith(key, { ...sealed, tag: sealed.tag.slice(0, 8) }, "submission-1"));
});

seals("a master key unwraps what it or a previous one wrapped, and says so when it is neither", () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];
  const wrapped = createMasterKeys(old, []).wrap("k", key);
  assert.equal(createMasterKeys(current, [old]).unwrap("k", wrapped), key);
  assert.throws(
    () => createMasterKeys(current, []).unwrap("k", wrapped),
    (error: unknown) => error instanceof UnknownMasterKey,
  );
});

seals("the cache forgets what was used longest ago, and everything in time", () => {
  let now = 0;
  const cache = createKeyCache({ most: 2, lifeMs: 100, now: () => now });
  cache.set("a", key);
  cache.set("b", key);
  assert.ok(cache.get("a"));
  cache.set("c", key);
  assert.equal([cache.get("a"), cache.get("b"), cache.get("c")], [key, undefined, key]);
  now = 100;
  assert.equal([cache.get("a"), cache.get("c")], [undefined, undefined]);
});

seals.run();
