import { setImmediate as turn } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createRoom } from "./room.ts";

const rooms = suite("room for leads");

/** Tells which of them are in, by their numbers. */
function enterAll(room: ReturnType<typeof createRoom>, ...sizes: number[]) {
  const signals = sizes.map(() => new AbortController());
  const inside = new Map<number, () => void>();
  sizes.forEach(
    (leads, n) =>
      void room.enter(leads, signals[n]?.signal as AbortSignal).then((leave) => inside.set(n, leave)),
  );
  return {
    async inside() {
      await turn();
      return [...inside.keys()];
    },
    giveUp: (n: number) => signals[n]?.abort(),
    leave(n: number) {
      inside.get(n)?.();
      inside.delete(n);
    },
  };
}

rooms("is for so many at once, and the others come in by their turn as places become free", async () => {
  const batches = enterAll(createRoom(10), 4, 6, 5, 1);
  assert.equal(await batches.inside(), [0, 1]);
  batches.leave(0);
  assert.equal(await batches.inside(), [1], "a small batch does not overtake a large one");
  batches.leave(1);
  assert.equal(await batches.inside(), [2, 3]);
});

rooms("takes a batch that is larger than all of it, alone", async () => {
  const batches = enterAll(createRoom(10), 11, 1);
  assert.equal(await batches.inside(), [0]);
  batches.leave(0);
  assert.equal(await batches.inside(), [1]);
});

rooms("keeps nobody in line who has lost what it waits for, and gives no place to it", async () => {
  const batches = enterAll(createRoom(10), 10, 10, 6, 4);
  batches.giveUp(1);
  assert.equal(await batches.inside(), [0, 1]);
  batches.leave(1);
  assert.equal(await batches.inside(), [0], "it had none to give back");
  batches.leave(0);
  batches.giveUp(2);
  assert.equal(await batches.inside(), [2, 3], "who is in keeps its place");
});

rooms.run();
