import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FollowOptions } from "#platform/event-store/follow.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../test/harness/wait.ts";
import { shareReading } from "./shared-reading.ts";

const test = suite("a reading that several share");
const log = createLog({ level: "silent", name: "test", instance: "test" });

/** A log that tells who follows it. */
function followed() {
  const following: FollowOptions[] = [];
  const reading = shareReading({
    log,
    eventStore: {
      head: async () => 25n,
      follow(options) {
        following.push(options);
        const { promise: done, resolve } = Promise.withResolvers<void>();
        options.signal.addEventListener("abort", () => resolve(), { once: true });
        const lag = async (): Promise<number> => 7;
        return { name: options.name, position: undefined, live: false, waiting: 0, lag, done };
      },
    },
  });
  return { following, reading };
}

function member(name: string) {
  const ending = new AbortController();
  const positions: bigint[] = [];
  const options: FollowOptions = {
    ...{ name, prefixes: [], from: 5n, signal: ending.signal },
    async onEvents(_, position) {
      positions.push(position);
    },
  };
  return { options, positions, end: () => ending.abort() };
}

test("takes in who comes after all others have left, before it begins", async () => {
  const { following, reading } = followed();
  const [first, second] = [member("first"), member("second")];
  const left = reading.follow(first.options);
  first.end();
  await left.done;
  const { lag } = reading.follow(second.options);
  assert.is(await lag(), 20, "from where it will begin to the end of the log");
  await until("it begins", () => following.length > 0);
  assert.is(await lag(), 7, "what its reading says");
  const [only] = following;
  assert.not(only?.signal.aborted);
  await only?.onEvents([], 9n);
  await until("the one that is left gets it", () => second.positions.length > 0);
  assert.equal([first.positions, second.positions], [[], [9n]]);
  second.end();
  assert.ok(only?.signal.aborted, "it ends with its last member");
});

test("is not begun for nobody", async () => {
  const { following, reading } = followed();
  const [first, second] = [member("first"), member("second")];
  reading.follow(first.options);
  first.end();
  // Somewhere else, so later than the first would have begun.
  reading.follow({ ...second.options, from: 6n });
  await until("the second begins", () => following.length > 0);
  assert.equal(
    following.map(({ from }) => from),
    [6n],
  );
  second.end();
});

test.run();
