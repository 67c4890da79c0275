import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createGather, GATHER_MS, MAX_BATCH_EVENTS } from "./gather.ts";

const test = suite("gathering events");

/** A gather on a clock that only waiting moves. */
function gathering() {
  let time = 0;
  const ending = new AbortController();
  const pause = async (ms: number): Promise<void> => {
    time += ms;
  };
  const gather = createGather(ending.signal, { now: () => time, pause });
  return {
    ending,
    /** How long the next batch is waited for after one of so many, which took `tookMs`. */
    async waited(events: number, { waiting = (): number => 0, tookMs = 0 } = {}): Promise<number> {
      const startedAt = time;
      time += tookMs;
      const following = {
        get waiting() {
          return events + waiting();
        },
      };
      await gather({ following, events, startedAt });
      return time - startedAt - tookMs;
    },
    pass(ms: number): void {
      time += ms;
    },
  };
}

test("waits for nothing while little happens", async () => {
  const { waited, pass } = gathering();
  for (let n = 0; n < 100; n += 1) {
    assert.is(await waited(8), 0, "the events of one submission");
    pass(200);
  }
});

test("waits for more under load, and what writing took counts", async () => {
  const { waited } = gathering();
  assert.is(await waited(500), GATHER_MS);
  assert.is(await waited(500, { tookMs: 70 }), GATHER_MS - 70);
  assert.is(await waited(500, { tookMs: 200 }), 0);
});

test("waits no longer than until a full batch is there", async () => {
  const { waited } = gathering();
  assert.is(await waited(500, { waiting: () => MAX_BATCH_EVENTS }), 0);
  let looks = 0;
  assert.is(await waited(500, { waiting: () => (++looks > 3 ? MAX_BATCH_EVENTS : 0) }), 30);
});

test("waits for nothing when told to stop", async () => {
  const { waited, ending } = gathering();
  ending.abort();
  assert.is(await waited(500), 0);
});

test.run();
