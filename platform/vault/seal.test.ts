import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createKeyCache } from "./key-cache.ts";
import { createMasterKeys, UnknownMasterKey } from "./master-key.ts";
import { openWith, sealWith } from "./seal.ts";

const seals = suite("seal");
const key = randomBytes(32);
function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
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

seals("a master key unwraps what any known one wrapped, and says so when it knows it not", () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];
  const before = createMasterKeys({ current: old });
  const wrapped = before.wrap(before.currentId, "k", key);
  assert.equal(createMasterKeys({ current, readable: [old] }).unwrap("k", wrapped), key);

  const without = createMasterKeys({ current });
  const attempts = [
    () => without.unwrap("k", wrapped),
    () => without.wrap(before.currentId, "k", key),
    () => without.demand(before.currentId),
  ];
  for (const attempt of attempts) {
    const error = thrownBy(attempt);
    assert.instance(error, UnknownMasterKey);
    assert.match(error.message, `the id ${before.currentId}, and only ${without.currentId} is known`);
    assert.match(error.message, "MASTER_KEYS_READABLE");
    for (const master of [old, current])
      for (const encoding of ["base64", "base64url", "hex"] as const)
        assert.not.match(JSON.stringify([error, error.message, error.stack]), master.toString(encoding));
  }
});

seals("a master key that comes later is looked for when it is needed, and only then", () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];
  let [asked, came] = [0, false];
  const further = (): Buffer[] => {
    asked += 1;
    return came ? [old] : [];
  };
  const masters = createMasterKeys({ current, further });
  const { currentId } = createMasterKeys({ current: old });
  masters.demand(masters.currentId);
  assert.is(asked, 0);
  assert.instance(
    thrownBy(() => masters.demand(currentId)),
    UnknownMasterKey,
  );
  came = true;
  masters.demand(currentId);
  masters.demand(currentId);
  assert.is(asked, 2);
});

seals("the cache forgets what was used longest ago, and everything in time", () => {
  let now = 1;
  const cache = createKeyCache<Buffer>({ max: 2, lifeMs: 100, now: () => now });
  cache.set("a", key);
  cache.set("b", key);
  assert.ok(cache.get("a"));
  cache.set("c", key);
  assert.equal([cache.get("a"), cache.get("b"), cache.get("c")], [key, undefined, key]);
  now = 102;
  assert.equal([cache.get("a"), cache.get("c")], [undefined, undefined]);
});

seals.run();
