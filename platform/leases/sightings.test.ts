import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LeaseRecord, LeaseRecords, Owner } from "./lease-record.ts";
import { watchLeases } from "./sightings.ts";

const sightings = suite("sightings");
const TTL_MS = 60_000;

function watched() {
  let tell: (name: string, by: Owner | undefined) => void = () => undefined;
  const records: LeaseRecords = {
    read: async () => undefined,
    write: async () => undefined,
    release: async () => undefined,
    watch(onWrite) {
      tell = onWrite;
      return { close: async () => undefined };
    },
  };
  return { seen: watchLeases(records, TTL_MS), write: (by: Owner | undefined) => tell("x", by) };
}
const by = (holder: string, beat: number): Owner => ({ holder, instance: holder, beat });
const record = (owner: Owner): LeaseRecord => ({ revision: 1, owner });

sightings(
  "a record that was read while its name was let go is read again, and not taken for a sign of life",
  () => {
    const { seen, write } = watched();
    seen.isFree("x", record(by("ann", 1)));
    assert.is(seen.isDue("x"), false, "ann was seen");
    write(undefined);
    assert.is(seen.isFree("x", record(by("ann", 1))), false);
    assert.ok(seen.isDue("x"));
  },
);

sightings("a record that is behind what was seen of its holder is no new sign of life", () => {
  const { seen, write } = watched();
  seen.isFree("x", record(by("ann", 1)));
  write(by("ann", 3));
  const before = seen.silentMs("x") ?? 0;
  seen.isFree("x", record(by("ann", 2)));
  assert.ok((seen.silentMs("x") ?? 0) >= before);
  assert.is(seen.isDue("x"), false);
});

sightings.run();
