import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type BatchShare, createBatchBudget } from "./batch-budget.ts";

const test = suite("the memory of batches");

const limits = {
  batchBytes: 10,
  addressBytes: 15,
  addressBatches: 3,
  processBytes: 20,
  processBatches: 4,
};

function budget() {
  const made = createBatchBudget(limits);
  const enter = (address: string): BatchShare => {
    const share = made.enter(address);
    assert.ok(share);
    return share;
  };
  return { ...made, enter, tryToEnter: made.enter, held: () => made.held };
}

async function hasRoom(share: BatchShare): Promise<boolean> {
  return Promise.race([share.room().then(() => true), new Promise<false>((no) => setImmediate(no, false))]);
}

test("a batch at its limit reads on when something of it is answered", async () => {
  const share = budget().enter("a");
  share.take(9);
  assert.is(await hasRoom(share), true);
  share.take(1);
  assert.is(await hasRoom(share), false);
  const later = share.room();
  share.giveBack(1);
  await later;
});

test("an address at its limit keeps its own batches waiting, and nobody else's", async () => {
  const { enter } = budget();
  const [one, two, other] = [enter("a"), enter("a"), enter("b")];
  one.take(9);
  two.take(6);
  other.take(1);
  assert.equal(await Promise.all([one, two, other].map(hasRoom)), [false, false, true]);
  const later = two.room();
  one.leave();
  await later;
});

test("at the limit of the process, who holds nothing still reads on", async () => {
  const { enter, held } = budget();
  const [one, two, three] = [enter("a"), enter("b"), enter("c")];
  one.take(9);
  two.take(9);
  three.take(2);
  assert.is(held(), 20);
  assert.equal(await Promise.all([one, two, three].map(hasRoom)), [false, false, false]);
  const later = one.room();
  three.giveBack(2);
  await later;
  assert.equal(await Promise.all([one, two, three].map(hasRoom)), [true, true, true]);
  assert.is(await hasRoom(enter("d")), true);
});

test("only so many batches are under way, of an address and of all", () => {
  const { enter, tryToEnter } = budget();
  const own = [enter("a"), enter("a"), enter("a")];
  assert.is(tryToEnter("a"), undefined);
  enter("b");
  assert.is(tryToEnter("c"), undefined);
  own[0]?.leave();
  own[0]?.leave();
  enter("c");
  assert.is(tryToEnter("a"), undefined);
});

test("what is answered after a batch has left counts no more", () => {
  const { enter, held } = budget();
  const share = enter("a");
  share.take(5);
  share.leave();
  share.giveBack(5);
  assert.is(held(), 0);
});

test.run();
