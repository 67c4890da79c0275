import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Candidate, Effect, Input } from "./exchange.ts";
import { Group } from "./group.ts";
import type { Settings } from "./settings.ts";

const test = suite("a group of consumers");

const usual: Settings = {
  resolveLinks: false,
  extraStatistics: false,
  messageTimeoutMs: 1_000,
  maxRetryCount: 2,
  checkpointAfterMs: 60_000,
  minCheckpointCount: 1,
  maxCheckpointCount: 1,
  maxSubscriberCount: 0,
  liveBufferSize: 50,
  historyBufferSize: 20,
  readBatchSize: 10,
  strategy: "RoundRobin",
};

interface Scene {
  /** What the group asked for, in words. */
  (now: number, input: Input<string>): string[];
  readonly group: Group<string>;
}

function scene(changes: Partial<Settings> = {}): Scene {
  const group = new Group<string>({ ...usual, ...changes }, { resumeAfter: -1n, parkedThrough: -1n }, 0);
  const tell = (now: number, input: Input<string>): string[] => group.handle(input, now).map(inWords);
  return Object.assign(tell, { group });
}

function inWords(effect: Effect<string>): string {
  switch (effect.kind) {
    case "deliver":
      return `${effect.message.id}#${effect.message.retries} to ${effect.consumer}`;
    case "park":
      return `park ${effect.message.id}: ${effect.reason}`;
    case "record_checkpoint":
      return `checkpoint ${effect.through}`;
    case "forget_parked":
      return `forget parked ${effect.through}`;
    case "dismiss":
      return `dismiss ${effect.consumer}`;
  }
}

function candidate(id: string, at: number, bytes = 100): Candidate<string> {
  return { id, at: BigInt(at), pin: at, bytes, event: id };
}

const joined = (consumer: number, slots = 10): Input<string> => ({ kind: "joined", consumer, slots });
const left = (consumer: number): Input<string> => ({ kind: "left", consumer });
const acked = (...ids: string[]): Input<string> => ({ kind: "acked", ids });
const nacked = (
  consumer: number,
  action: "park" | "retry" | "skip" | "stop",
  ...ids: string[]
): Input<string> => ({
  kind: "nacked",
  consumer,
  ids,
  action,
  reason: "because",
});
const ticked: Input<string> = { kind: "ticked" };

function pushed(from: number, count: number): Input<string> {
  const events = Array.from({ length: count }, (_, index) => candidate(`e${from + index}`, from + index));
  return { kind: "pushed", events, through: BigInt(from + count - 1), skipped: 0, caughtUp: true };
}

test("delivers in turns, and never more than a consumer has slots", () => {
  const tell = scene();
  tell(0, joined(1, 1));
  tell(0, joined(2, 2));
  assert.equal(tell(0, pushed(0, 5)), ["e0#0 to 1", "e1#0 to 2", "e2#0 to 2"]);
  assert.equal(tell(0, acked("e1")), ["e3#0 to 2"]);
});

test("a checkpoint never passes what is unsettled", () => {
  const tell = scene();
  tell(0, joined(1));
  tell(0, pushed(0, 3));
  assert.equal(tell(0, acked("e1", "e2")), []);
  assert.equal(tell(0, acked("e0")), ["checkpoint 2"]);
});

test("whoever leaves gives back what it holds, counted as a retry", () => {
  const tell = scene();
  tell(0, joined(1));
  tell(0, pushed(0, 2));
  assert.equal(tell(0, left(1)), []);
  assert.equal(tell(0, joined(2)), ["e0#1 to 2", "e1#1 to 2"]);
});

test("leaving parks nothing, however often it happens", () => {
  const tell = scene({ maxRetryCount: 0 });
  tell(0, joined(1));
  tell(0, pushed(0, 1));
  assert.equal(tell(0, left(1)), []);
  assert.equal(tell(0, joined(2)), ["e0#1 to 2"]);
  assert.equal(tell(0, left(2)), []);
  assert.equal(tell(0, joined(3)), ["e0#2 to 3"]);
  assert.equal(tell(0, nacked(3, "retry", "e0")), ["park e0: Reached the retry count of 0"]);
});

test("a message that nobody settles in time goes out again, before new ones", () => {
  const tell = scene();
  tell(0, joined(1, 1));
  tell(0, pushed(0, 2));
  assert.equal(tell(999, ticked), []);
  assert.equal(tell(1_000, ticked), ["e0#1 to 1"]);
});

test("an ack after the timeout still counts", () => {
  const tell = scene();
  tell(0, joined(1, 1));
  tell(0, pushed(0, 1));
  tell(0, joined(2, 1));
  assert.equal(tell(1_000, ticked), ["e0#1 to 2"]);
  assert.equal(tell(1_001, acked("e0")), ["checkpoint 0"]);
});

test("a late nack of what another consumer holds by now is ignored", () => {
  const tell = scene();
  tell(0, joined(1, 1));
  tell(0, pushed(0, 1));
  tell(0, joined(2, 1));
  tell(1_000, ticked);
  assert.equal(tell(1_001, nacked(1, "park", "e0")), []);
});

test("after the last retry a message is parked, and is settled once that is on disk", () => {
  const tell = scene({ maxRetryCount: 1 });
  tell(0, joined(1));
  const [first] = tell.group.handle(pushed(0, 1), 0);
  assert.is(first?.kind, "deliver");
  assert.equal(tell(0, nacked(1, "retry", "e0")), ["e0#1 to 1"]);
  const [park] = tell.group.handle(nacked(1, "retry", "e0"), 0);
  assert.ok(park?.kind === "park");
  assert.is(park.reason, "Reached the retry count of 1");
  assert.equal(tell(0, { kind: "parked", message: park.message }), ["checkpoint 0"]);
});

test("a message that could not be parked is delivered again", () => {
  const tell = scene();
  tell(0, joined(1));
  tell(0, pushed(0, 1));
  const [park] = tell.group.handle(nacked(1, "park", "e0"), 0);
  assert.ok(park?.kind === "park");
  assert.equal(tell(0, { kind: "not_parked", message: park.message }), ["e0#0 to 1"]);
});

test("skip settles, retry tries again", () => {
  const tell = scene();
  tell(0, joined(1));
  tell(0, pushed(0, 2));
  assert.equal(tell(0, nacked(1, "skip", "e0")), ["checkpoint 0"]);
  assert.equal(tell(0, nacked(1, "retry", "e1")), ["e1#1 to 1"]);
});

test("stop sends the consumer away and gives what it held to the others", () => {
  const tell = scene();
  tell(0, joined(1, 1));
  tell(0, pushed(0, 1));
  tell(0, joined(2, 1));
  assert.equal(tell(0, nacked(1, "stop", "e0")), ["dismiss 1", "e0#1 to 2"]);
});

test("a consumer whose connection is full gets nothing until it resumes", () => {
  const tell = scene();
  tell(0, joined(1));
  tell(0, { kind: "paused", consumer: 1 });
  assert.equal(tell(0, pushed(0, 1)), []);
  assert.equal(tell(0, { kind: "resumed", consumer: 1 }), ["e0#0 to 1"]);
});

test("two events with one id are never out at the same time", () => {
  const tell = scene();
  tell(0, joined(1));
  const twins = [candidate("twin", 0), candidate("twin", 1), candidate("other", 2)];
  assert.equal(tell(0, { kind: "pushed", events: twins, through: 2n, skipped: 0, caughtUp: true }), [
    "twin#0 to 1",
    "other#0 to 1",
  ]);
  assert.equal(tell(0, acked("twin")), ["twin#0 to 1", "checkpoint 0"]);
});

test("replayed messages are forgotten from the first on, as they are settled", () => {
  const tell = scene();
  tell(0, joined(1));
  const events = [candidate("p0", 0), candidate("p2", 2)];
  assert.equal(tell(0, { kind: "replayed", events, through: 3n }), ["p0#0 to 1", "p2#0 to 1"]);
  tell(0, acked("p2"));
  assert.equal(tell(0, ticked), []);
  tell(0, acked("p0"));
  assert.equal(tell(0, ticked), ["forget parked 3"]);
  assert.is(tell.group.settledThrough, -1n, "the checkpoint is about the source alone");
});

test("asks for a batch when there is room for one and somebody to have it", () => {
  const tell = scene({ liveBufferSize: 20 });
  assert.is(tell.group.wanted(), 0, "nobody is there");
  tell(0, joined(1, 1));
  assert.is(tell.group.wanted(), 10);
  tell(0, pushed(0, 10));
  assert.is(tell.group.wanted(), 10);
  tell(0, pushed(10, 10));
  assert.is(tell.group.wanted(), 0, "19 wait and one is held");
});

test("large events are held in smaller numbers", () => {
  const tell = scene();
  tell(0, joined(1, 1));
  const events = [candidate("a", 0, 9_000_000), candidate("b", 1, 9_000_000)];
  tell(0, { kind: "pushed", events, through: 1n, skipped: 0, caughtUp: true });
  assert.is(tell.group.wanted(), 0);
  tell(0, acked("a"));
  assert.is(tell.group.wanted(), 10);
});

test.run();
