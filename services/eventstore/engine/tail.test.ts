import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RecordedEvent } from "./event-log.ts";
import { Tail } from "./tail.ts";

const NO_BOUNDS = { maxCount: 10_000, maxBytes: 1e9 };

function tailOf(count: number, { bytes = 100, maxBytes = 1e9, head = 0 } = {}): Tail {
  const tail = new Tail(maxBytes, head);
  for (let position = head + 1; position <= head + count; position++) {
    const wire = Buffer.alloc(bytes);
    tail.push({ position: BigInt(position), stream: "s", revision: 0n, type: "T", wire });
  }
  return tail;
}

const positions = (page: readonly RecordedEvent[]): number[] => page.map(({ position }) => Number(position));

const test = suite("tail");

test("the tail reads in both directions from any position that it holds", () => {
  const tail = tailOf(5, { head: 10 });
  assert.equal(positions(tail.page(13, "forwards", NO_BOUNDS)), [13, 14, 15]);
  assert.equal(positions(tail.page(13, "backwards", NO_BOUNDS)), [13, 12, 11]);
  assert.equal(
    [10, 11, 15, 16].map((position) => tail.holds(position)),
    [false, true, true, false],
  );
});

test("a page ends at its count or its bytes, and has one event at least", () => {
  const tail = tailOf(9);
  assert.equal(positions(tail.page(2, "forwards", { maxCount: 3, maxBytes: 1e9 })), [2, 3, 4]);
  assert.equal(positions(tail.page(2, "forwards", { maxCount: 9, maxBytes: 150 })), [2, 3]);
  assert.equal(positions(tail.page(2, "forwards", { maxCount: 9, maxBytes: 1 })), [2]);
});

test("the oldest events are evicted once the tail is too large", () => {
  const tail = tailOf(5_000, { maxBytes: 60_000 });
  assert.equal(positions(tail.page(4_901, "forwards", NO_BOUNDS)).length, 100);
  assert.not(tail.holds(4_900));
});

test("an event larger than the whole tail is not held", () => {
  const tail = tailOf(1, { bytes: 2_000, maxBytes: 1_000 });
  assert.not(tail.holds(1));
  tail.push({ position: 2n, stream: "s", revision: 1n, type: "T", wire: Buffer.alloc(10) });
  assert.equal(positions(tail.page(2, "forwards", NO_BOUNDS)), [2]);
});

test.run();
