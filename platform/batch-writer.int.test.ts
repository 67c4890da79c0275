import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  counted,
  numberOf,
  numbersUpTo,
  silent,
  startKillableStore,
} from "../test/eventstore/killable-store.ts";
import { until } from "../test/harness/wait.ts";
import { type BatchWriterOptions, openBatchWriter } from "./batch-writer.ts";
import type { NewEvent, StoredEvent } from "./event-store/stored-event.ts";
import { foldStream } from "./fold-stream.ts";
import { deterministicUuid } from "./ids.ts";
import { pause } from "./retry.ts";

const writers = suite("batch writer");
const killable = await startKillableStore();
const { store } = killable;
writers.after(killable.stop);

/** Counts up: each number may be taken once, and only the next one. */
interface Count {
  readonly next: number;
}
type Made =
  | { readonly accepted: true; readonly events: readonly { readonly n: number }[] }
  | { readonly accepted: false; readonly reason: "taken" };

const evolve = (_count: Count, { n }: { readonly n: number }): Count => ({ next: n + 1 });
const take = (n: number, { next }: Count): Made =>
  n < next ? { accepted: false, reason: "taken" } : { accepted: true, events: [{ n }] };

let streams = 0;
type Options = BatchWriterOptions<Count, number, Made>;

function options(more: Partial<Options> = {}): Options {
  streams += 1;
  const { stream = `counting-${streams}` } = more;
  return {
    stream,
    decider: { evolve, decide: take },
    eventStore: store,
    load: () =>
      foldStream<Count, { n: number }>({
        eventStore: store,
        stream,
        decode: (stored: StoredEvent) => ({ n: numberOf(stored) }),
        evolve,
        from: { state: { next: 0 }, revision: "no_stream" },
      }),
    encode: (events) => events.map(({ n }): NewEvent => counted(n, deterministicUuid(stream, `${n}`))),
    mayWrite: () => true,
    decides: "at_once",
    log: silent,
    ...more,
  };
}

const numbersIn = async (stream: string): Promise<number[]> => (await store.readStream(stream)).map(numberOf);
const reasonOf = ({ decision }: { decision: { accepted: boolean; reason?: string } }): string =>
  decision.accepted ? "accepted" : (decision.reason ?? "");

for (const decides of ["at_once", "by_batch"] as const) {
  writers(`stores many decisions in few appends, in their order (${decides})`, async () => {
    const revisions: unknown[] = [];
    const chosen = options({ decides, onStored: ({ revision }) => revisions.push(revision) });
    const writer = openBatchWriter(chosen);
    const answers = await Promise.all(numbersUpTo(2_500).map((n) => writer.write(n)));
    assert.ok(answers.every(({ decision, position }) => decision.accepted && position !== undefined));
    assert.equal(await numbersIn(chosen.stream), numbersUpTo(2_500));
    assert.ok(revisions.length < 20, `${revisions.length} appends for 2,500 decisions`);
    assert.is(revisions.at(-1), 2_499n);
    await writer.close();
  });

  writers(`tells a state to be stored only when it is exactly that (${decides})`, async () => {
    const seen: [number, unknown][] = [];
    const chosen = options({
      decides,
      onStored: ({ state, revision }) => seen.push([state.next, revision]),
    });
    const writer = openBatchWriter(chosen);
    await writer.open();
    for (let n = 0; n < 200; n += 1) {
      void writer.write(n);
      if (n % 7 === 0) await new Promise(setImmediate);
    }
    await writer.close();
    assert.ok(seen.length > 0);
    for (const [next, revision] of seen) assert.is(BigInt(next) - 1n, revision);
  });
}

writers(
  "decides no more until all is stored while that is awaited, so that it is told also under load",
  async () => {
    const told: unknown[] = [];
    let isAwaited = false;
    const chosen = options({
      onStored: ({ state, revision }) => {
        assert.is(BigInt(state.next) - 1n, revision);
        told.push(revision);
        isAwaited = false;
      },
      awaitsStored: () => isAwaited,
    });
    const writer = openBatchWriter(chosen);
    await writer.open();
    const answers: ReturnType<typeof writer.write>[] = [];
    /** Something is decided while each append is under way. */
    const feed = async (isEnough: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 20_000 && !isEnough(); turn += 1) {
        answers.push(writer.write(answers.length));
        await new Promise(setImmediate);
      }
    };
    await feed(() => answers.length > 300);
    assert.equal(told, [], "nobody asked for it");
    isAwaited = true;
    await feed(() => told.length > 0);
    assert.is(told.length, 1);
    await writer.close();
    for (const { decision } of await Promise.all(answers)) assert.ok(decision.accepted);
    assert.equal(await numbersIn(chosen.stream), numbersUpTo(answers.length));
  },
);

writers("answers what is stored, though whoever looks at it then fails", async () => {
  const writer = openBatchWriter(
    options({
      onStored() {
        throw new RangeError("out of memory");
      },
    }),
  );
  const answered = await Promise.race([writer.write(0), pause(5_000)]);
  assert.is(answered?.decision.accepted, true);
  assert.is((await writer.write(1)).decision.accepted, true);
  await writer.close();
});

writers("answers a refusal only when what it rests on is stored", async () => {
  const chosen = options();
  const writer = openBatchWriter(chosen);
  await writer.open();
  const order: string[] = [];
  const first = writer.write(0).then(() => order.push("stored"));
  const again = writer.write(0).then((written) => order.push(reasonOf(written)));
  await Promise.all([first, again]);
  assert.equal(order, ["stored", "taken"]);
  await writer.close();
});

writers(
  "never accepts what another writer made impossible, and goes on with what that one wrote",
  async () => {
    const chosen = options();
    const writer = openBatchWriter(chosen);
    assert.is(reasonOf(await writer.write(0)), "accepted");
    await store.append(chosen.stream, 0n, [counted(1), counted(2)]);
    assert.is(reasonOf(await writer.write(1)), "not_stored");
    assert.is(reasonOf(await writer.write(1)), "taken");
    assert.is(reasonOf(await writer.write(3)), "accepted");
    assert.equal(await numbersIn(chosen.stream), [0, 1, 2, 3]);
    await writer.close();
  },
);

writers(
  "loads the stream again at once after it could not store something, though nobody asks for it",
  async () => {
    const chosen = options();
    const writer = openBatchWriter(chosen);
    await writer.open();
    await store.append(chosen.stream, "no_stream", [counted(0)]);
    assert.is(reasonOf(await writer.write(0)), "not_stored");
    await until("it knows what another has written", () => writer.state?.next === 1, 5_000);
    await writer.close();
  },
);

writers("writes nothing once it is not the writer any more", async () => {
  let isWriter = true;
  const chosen = options({ mayWrite: () => isWriter });
  const writer = openBatchWriter(chosen);
  await writer.write(0);
  const late = writer.write(1);
  isWriter = false;
  assert.is(reasonOf(await late), "not_the_writer");
  assert.is(reasonOf(await writer.write(2)), "not_the_writer");
  assert.is(await writer.open(), false);
  assert.equal(await numbersIn(chosen.stream), [0]);
  await writer.close();
});

writers("repeats an append that the store did not answer, and stores it once", async () => {
  const chosen = options();
  const writer = openBatchWriter(chosen);
  await writer.write(0);
  killable.freeze();
  const pending = Promise.all(numbersUpTo(50).map((n) => writer.write(n + 1)));
  await killable.whileDown(async () => undefined);
  assert.ok((await pending).every(({ decision }) => decision.accepted));
  assert.equal(await numbersIn(chosen.stream), numbersUpTo(51));
  await writer.close();
});

writers("begins with what a writer that died left undone", async () => {
  const chosen = options({ onLoaded: ({ next }) => [next] });
  await store.append(chosen.stream, "no_stream", [counted(0)]);
  const writer = openBatchWriter(chosen);
  assert.is(reasonOf(await writer.write(1)), "taken");
  assert.equal(await numbersIn(chosen.stream), [0, 1]);
  await writer.close();
});

for (const encodes of ["at once", "later"]) {
  writers(`refuses a decision that no append can hold, and goes on (encoded ${encodes})`, async () => {
    const chosen = options();
    const encoded: Options["encode"] = (events, command) =>
      command === 7
        ? events.map(({ n }) => ({ ...counted(n), data: { n, text: "x".repeat(1_000_000) } }))
        : chosen.encode(events, command);
    const encode: Options["encode"] =
      encodes === "later" ? async (events, command) => encoded(events, command) : encoded;
    const writer = openBatchWriter({ ...chosen, encode });
    assert.is(reasonOf(await writer.write(7)), "too_large");
    assert.is(reasonOf(await writer.write(0)), "accepted");
    assert.equal(await numbersIn(chosen.stream), [0]);
    await writer.close();
  });
}

writers("notices what the last owner appended when its time was over, without writing itself", async () => {
  const chosen = options({ lookEveryMs: 5 });
  const writer = openBatchWriter(chosen);
  await writer.open();
  const late = openBatchWriter({ ...options(), ...chosen, lookEveryMs: 60_000 });
  assert.is(reasonOf(await late.write(0)), "accepted");
  await until("it has the late event", () => writer.state?.next === 1);
  assert.is(reasonOf(await writer.write(1)), "accepted");
  await Promise.all([writer.close(), late.close()]);
});

writers("fails a decision that can't be encoded, and no other", async () => {
  const chosen = options({ decides: "by_batch" });
  const encode: Options["encode"] = async (events, command) => {
    if (command === 1) throw new Error("no key");
    return chosen.encode(events, command);
  };
  const writer = openBatchWriter({ ...chosen, encode });
  const answers = await Promise.allSettled([writer.write(0), writer.write(1)]);
  assert.is(answers[1].status, "rejected");
  assert.is(reasonOf(await writer.write(0)), "accepted");
  assert.equal(await numbersIn(chosen.stream), [0]);
  await writer.close();
});

writers("loads the state again that an event left half changed", async () => {
  const chosen = options();
  const evolveInPlace = (count: { next: number }, { n }: { readonly n: number }): Count => {
    count.next = n + 1;
    if (n === 3) throw new Error("half changed");
    return count;
  };
  const load = async () => {
    const { state, revision } = await chosen.load();
    return { state: { ...state }, revision };
  };
  const writer = openBatchWriter({ ...chosen, load, decider: { evolve: evolveInPlace, decide: take } });
  await writer.open();
  const answers = await Promise.allSettled([0, 3, 1].map((n) => writer.write(n)));
  assert.equal(
    answers.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.equal(await numbersIn(chosen.stream), [0, 1]);
  await writer.write(3).catch(() => undefined);
  await until("nobody sees the half of it", () => writer.state?.next === 2, 5_000);
  await writer.close();
});

writers.run();
