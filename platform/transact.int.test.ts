import { suite } from "uvu";
import * as assert from "uvu/assert";
import { counted, numberOf, startKillableStore } from "../test/eventstore/killable-store.ts";
import { foldStream } from "./fold-stream.ts";
import { type Transaction, transact } from "./transact.ts";

const transactions = suite("transact");
const killable = await startKillableStore();
const { store } = killable;
transactions.after(killable.stop);

type Sum = number;
type Refusal = { readonly accepted: false; readonly reason: "enough" };

/** Adds to a sum that may not pass ten. */
function adding(stream: string, n: number): Transaction<Sum, number, Refusal> {
  const evolve = (sum: Sum, added: number): Sum => sum + added;
  return {
    eventStore: store,
    stream,
    load: () =>
      foldStream<Sum, number>({
        eventStore: store,
        stream,
        decode: numberOf,
        evolve,
        from: { state: 0, revision: "no_stream" },
      }),
    evolve,
    decide: (sum) => (sum + n > 10 ? { accepted: false, reason: "enough" } : { accepted: true, events: [n] }),
    encode: (events) => events.map((added) => counted(added)),
  };
}

transactions("decides on what the stream says, and tells the state after it", async () => {
  const first = await transact(adding("sum-1", 4));
  assert.ok(first.accepted && first.position !== undefined);
  assert.equal([first.state, first.revision], [4, 0n]);
  const second = await transact(adding("sum-1", 5));
  assert.equal([second.accepted, second.state, second.revision], [true, 9, 1n]);
  const refused = await transact(adding("sum-1", 2));
  assert.ok(!refused.accepted);
  assert.equal([refused.reason, refused.state], ["enough", 9]);
});

transactions("keeps the rule however many decide at once", async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => transact(adding("sum-2", 3))));
  assert.is(all.filter(({ accepted }) => accepted).length, 3);
  assert.equal((await store.readStream("sum-2")).map(numberOf), [3, 3, 3]);
});

transactions("takes a state at hand at its word, but no refusal that rests on it", async () => {
  await transact(adding("sum-3", 1));
  const behind = await transact({ ...adding("sum-3", 2), known: { state: 0, revision: "no_stream" } });
  assert.equal([behind.accepted, behind.state], [true, 3]);
  const wrong = await transact({ ...adding("sum-3", 2), known: { state: 10, revision: 5n } });
  assert.equal([wrong.accepted, wrong.state], [true, 5]);
});

transactions("stores nothing where nothing was decided", async () => {
  const nothing = await transact<Sum, number, Refusal>({
    ...adding("sum-4", 1),
    decide: () => ({ accepted: true, events: [] }),
  });
  assert.ok(nothing.accepted);
  assert.equal([nothing.state, nothing.revision, nothing.position], [0, "no_stream", undefined]);
  assert.equal(await store.readStream("sum-4"), []);
});

transactions.run();
