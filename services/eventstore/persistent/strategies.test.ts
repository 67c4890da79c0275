import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Consumer } from "./consumer.ts";
import { newConsumer } from "./consumer.ts";
import type { Strategy } from "./settings.ts";
import { chooserFor, hashOf } from "./strategies.ts";

const test = suite("consumer strategies");
const consumers = (count: number): Consumer[] =>
  Array.from({ length: count }, (_, index) => newConsumer(index + 1, 2, false));
const streams = Array.from({ length: 300 }, (_, index) => `order-${index}`);

function chosen(strategy: Strategy, among: readonly Consumer[]): (stream: string) => number | undefined {
  const choose = chooserFor(strategy);
  return (stream) => choose(among, { pin: hashOf(stream) })?.id;
}

test("round robin takes turns and passes over who is full", () => {
  const three = consumers(3);
  const choose = chosen("RoundRobin", three);
  assert.equal([choose("a"), choose("a"), choose("a"), choose("a")], [1, 2, 3, 1]);
  for (const consumer of three) if (consumer.id === 2) consumer.held = 2;
  assert.equal([choose("a"), choose("a")], [3, 1]);
});

test("dispatch to single stays with the first until it is full", () => {
  const two = consumers(2);
  const choose = chosen("DispatchToSingle", two);
  assert.equal([choose("a"), choose("b")], [1, 1]);
  for (const consumer of two) if (consumer.id === 1) consumer.held = 2;
  assert.is(choose("a"), 2);
});

test("pinned keeps a stream with one consumer, and waits for it", () => {
  const three = consumers(3);
  const choose = chosen("Pinned", three);
  const owner = choose("order-7");
  assert.is(choose("order-7"), owner);
  for (const consumer of three) if (consumer.id === owner) consumer.paused = true;
  assert.is(choose("order-7"), undefined);
});

test("pinned shares the streams out", () => {
  const choose = chosen("Pinned", consumers(3));
  const owners = streams.map(choose);
  for (const id of [1, 2, 3]) assert.ok(owners.filter((owner) => owner === id).length > 60);
});

test("a consumer that leaves moves only its own streams", () => {
  const four = consumers(4);
  const before = chosen("Pinned", four);
  const after = chosen("Pinned", four.slice(0, 3));
  for (const stream of streams) {
    const owner = before(stream);
    if (owner !== 4) assert.is(after(stream), owner);
  }
});

test.run();
