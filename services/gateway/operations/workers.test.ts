import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLog } from "#platform/log.ts";
import { type Beat, sendBeat } from "#platform/workers/beat.ts";
import { followWorkers, type Workers } from "./workers.ts";

const test = suite("Workers");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const since = new Date(0).toISOString();

/** A bus that is heard at once, and a clock that is looked at twice a second as long as it goes on. */
function stage() {
  let now = 1_000_000;
  let hear = (_data: Uint8Array, _subject: string): void => undefined;
  const bus = {
    connected: true,
    broadcast: (subject: string, data: Uint8Array) => void (data.length > 0 && hear(data, subject)),
    listen(_subject: string, onNews: typeof hear) {
      hear = onNews;
      return { close: async () => undefined };
    },
  };
  let look = (): void => undefined;
  const workers: Workers = followWorkers({
    bus,
    log,
    now: () => now,
    lookEvery(work) {
      look = work;
      return () => undefined;
    },
  });
  return {
    bus,
    workers,
    beat: (given: Partial<Beat> = {}): void =>
      sendBeat(bus, {
        instance: "m-worker",
        began: 1,
        restarts: 0,
        roles: [{ role: "leads", state: "running", since }],
        ...given,
      }),
    pass(ms: number): void {
      for (let passed = 0; passed < ms; passed += 500) {
        now += 500;
        look();
      }
    },
    sleep(ms: number): void {
      now += ms;
    },
  };
}

const states = (workers: Workers) =>
  workers.list().map(({ role, state, restarts, reason }) => [role, state, restarts, reason]);

test("a role whose heartbeats stop is lost after five seconds, and back with the next", () => {
  const { workers, beat, pass } = stage();
  beat();
  pass(5_000);
  assert.equal(states(workers), [["leads", "running", 0, undefined]]);
  pass(500);
  assert.equal(states(workers), [["leads", "lost", 0, "no heartbeat for 5 s"]]);
  assert.is(workers.reachable().size, 0);
  beat();
  assert.equal(states(workers), [["leads", "running", 0, undefined]]);
});

test("one that stays lost leaves the list after ten minutes more", () => {
  const { workers, beat, pass } = stage();
  beat();
  pass(604_000);
  assert.is(workers.list()[0]?.state, "lost");
  pass(2_000);
  assert.equal(workers.list(), []);
});

test("nobody is lost because this process heard nothing: without NATS, or stopped itself", () => {
  const { bus, workers, beat, pass, sleep } = stage();
  beat();
  bus.connected = false;
  pass(60_000);
  assert.is(workers.list()[0]?.state, "running");
  bus.connected = true;
  sleep(60_000);
  pass(1_000);
  assert.is(workers.list()[0]?.state, "running");
});

test("a process that stops as it should leaves the list at once, its predecessor's last word changes nothing", () => {
  const { workers, beat } = stage();
  beat();
  beat({ began: 2, restarts: 1 });
  beat({ began: 1, roles: [] });
  assert.is(workers.list().length, 1);
  beat({ began: 1, roles: [{ role: "leads", state: "stopping", since }] });
  assert.is(workers.list()[0]?.state, "running");
  beat({ began: 2, roles: [] });
  assert.equal(workers.list(), []);
});

test("the launcher says that a process died and why, and the next one is told of it", () => {
  const { workers, beat } = stage();
  const lost: Beat["roles"] = [{ role: "leads", state: "lost", since }];
  beat();
  beat({ began: undefined, roles: lost, reason: "ended with signal SIGKILL" });
  assert.equal(states(workers), [["leads", "lost", 0, "ended with signal SIGKILL"]]);
  beat({
    began: 2,
    restarts: 1,
    reason: "ended with signal SIGKILL",
    roles: [{ role: "leads", state: "starting", since }],
  });
  assert.equal(states(workers), [["leads", "starting", 1, "ended with signal SIGKILL"]]);
  // Late, about the one before.
  beat({ began: undefined, roles: lost });
  assert.is(workers.list()[0]?.state, "starting");
  assert.is(workers.restarts("leads"), 1);
});

test("restarts are counted without a launcher too, and never counted back", () => {
  const { workers, beat, pass } = stage();
  beat({ began: 1 });
  beat({ began: 2 });
  beat({ began: 2 });
  beat({ began: 3 });
  assert.is(workers.list()[0]?.restarts, 2);
  pass(606_000);
  assert.equal(workers.list(), []);
  assert.is(workers.restarts("leads"), 2);
});

test("silence counts though the clock was set back meanwhile", () => {
  const { workers, beat, pass, sleep } = stage();
  beat();
  sleep(-3_600_000);
  pass(6_000);
  assert.is(workers.list()[0]?.state, "lost");
});

test("a process that was started again is seen at once, though the clock was set back meanwhile", () => {
  const { workers, beat, pass } = stage();
  beat({ began: 9 });
  // Its launcher counts.
  beat({ began: 3, restarts: 1 });
  assert.equal(states(workers), [["leads", "running", 1, undefined]]);
  // Without a launcher nobody does.
  pass(6_000);
  beat({ began: 2, restarts: 1 });
  assert.equal(states(workers), [["leads", "running", 2, undefined]]);
  // Nor does a launcher go on counting where another has begun.
  beat({ began: 4, restarts: 0 });
  assert.is(workers.list()[0]?.restarts, 3);
});

test("what another release says differently is passed over", () => {
  const { bus, workers } = stage();
  bus.broadcast("workers.beat", Buffer.from("{"));
  bus.broadcast(
    "workers.beat",
    Buffer.from(JSON.stringify({ instance: "x", roles: [{ role: "brakeman" }] })),
  );
  assert.equal(workers.list(), []);
});

test.run();
