import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWaitingLine } from "./waiting-line.ts";

const lines = suite("waiting line");

lines("lets in as many as there is room for, and the next when one leaves", async () => {
  const line = createWaitingLine({ room: () => 2, maxWaitMs: () => 60_000 });
  assert.equal([line.enter("a"), line.enter("a")], [true, true]);
  const order: number[] = [];
  const third = Promise.resolve(line.enter("a")).then(() => order.push(3));
  const fourth = Promise.resolve(line.enter("a")).then(() => order.push(4));
  assert.is(line.waiting, 2);
  line.leave();
  await third;
  line.leave();
  await fourth;
  assert.equal(order, [3, 4]);
  assert.is(line.waiting, 0);
});

lines("lets sources take turns, however many wait of each", async () => {
  const line = createWaitingLine({ room: () => 1, maxWaitMs: () => 60_000 });
  void line.enter("busy");
  const order: string[] = [];
  const enter = (source: string) => Promise.resolve(line.enter(source)).then(() => order.push(source));
  const all = [enter("busy"), enter("busy"), enter("busy"), enter("quiet")];
  for (const _ of all) {
    line.leave();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  assert.equal(order, ["busy", "quiet", "busy", "busy"]);
});

lines("sends away who has waited too long, and nobody before", async () => {
  const line = createWaitingLine({ room: () => 1, maxWaitMs: () => 30 });
  void line.enter("a");
  const began = performance.now();
  const answers = await Promise.all([line.enter("a"), line.enter("b")]);
  assert.equal(answers, [false, false]);
  assert.ok(performance.now() - began >= 29);
  assert.is(line.waiting, 0);
  line.leave();
  assert.is(line.enter("a"), true);
});

lines("gives nobody the place of one who has left a smaller room", () => {
  let room = 2;
  const line = createWaitingLine({ room: () => room, maxWaitMs: () => 60_000 });
  void line.enter("a");
  void line.enter("a");
  room = 1;
  const third = line.enter("a");
  line.leave();
  assert.instance(third, Promise);
  assert.is(line.waiting, 1);
  line.leave();
  assert.is(line.waiting, 0);
});

lines.run();
