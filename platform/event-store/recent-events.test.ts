import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recorded } from "./fixtures/recorded.ts";
import { RecentEvents } from "./recent-events.ts";

const recents = suite("recent events");

const filled = (bounds: { maxEvents: number; maxBytes: number }): RecentEvents => {
  const recent = new RecentEvents(100n, bounds);
  for (const position of [110n, 120n, 130n, 140n]) recent.push(recorded({ position }));
  return recent;
};
const positions = (recent: RecentEvents, from: bigint): bigint[] =>
  recent.after(from).map(({ position }) => position);

recents("has everything after its floor", () => {
  const recent = filled({ maxEvents: 10, maxBytes: 1_000_000 });
  assert.is(recent.floor, 100n);
  assert.equal(positions(recent, 100n), [110n, 120n, 130n, 140n]);
  assert.equal(positions(recent, 120n), [130n, 140n]);
  assert.equal(positions(recent, 125n), [130n, 140n]);
  assert.equal(positions(recent, 140n), []);
  assert.equal(positions(recent, 999n), []);
});

recents("forgets the oldest beyond either bound, and says so", () => {
  const { size } = recorded({ position: 110n });
  for (const bounds of [
    { maxEvents: 2, maxBytes: 1_000_000 },
    { maxEvents: 10, maxBytes: 2 * size },
  ]) {
    const recent = filled(bounds);
    assert.is(recent.floor, 120n);
    assert.equal(positions(recent, 120n), [130n, 140n]);
  }
});

recents.run();
