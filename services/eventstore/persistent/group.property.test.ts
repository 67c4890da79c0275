// Whatever consumers do, and whenever they come and go: nothing is lost, nobody is overfed, no checkpoint runs ahead.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Candidate, Effect, Input, Message, NackAction } from "./exchange.ts";
import { Group } from "./group.ts";
import type { Settings } from "./settings.ts";
import { strategies } from "./settings.ts";

const test = suite("a group under any history");

type Step =
  | { readonly do: "push"; readonly count: number; readonly skipped: number }
  | { readonly do: "replay"; readonly count: number }
  | { readonly do: "join"; readonly slots: number }
  | { readonly do: "leave" | "pause" | "resume"; readonly which: number }
  | { readonly do: "ack"; readonly which: number; readonly late: boolean }
  | { readonly do: "nack"; readonly which: number; readonly action: NackAction }
  | { readonly do: "answer_parking"; readonly onDisk: boolean }
  | { readonly do: "wait"; readonly ms: number };

const which = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("push"), count: fc.nat(6), skipped: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("replay"), count: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("join"), slots: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("leave", "pause", "resume"), which }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("ack"), which, late: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("nack"),
      which,
      action: fc.constantFrom("park", "retry", "skip", "stop"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("answer_parking"), onDisk: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.nat(150) }) },
);

const settings: fc.Arbitrary<Settings> = fc.record({
  resolveLinks: fc.constant(false),
  extraStatistics: fc.boolean(),
  messageTimeoutMs: fc.constantFrom(0, 100),
  maxRetryCount: fc.nat(3),
  checkpointAfterMs: fc.constantFrom(0, 200),
  minCheckpointCount: fc.nat(3),
  maxCheckpointCount: fc.nat(6),
  maxSubscriberCount: fc.constant(0),
  liveBufferSize: fc.constant(100),
  historyBufferSize: fc.constant(100),
  readBatchSize: fc.constant(10),
  strategy: fc.constantFrom(...strategies),
});

interface Peer {
  readonly slots: number;
  /** What it has been sent and hasn't settled, with the time of sending. */
  readonly holds: Map<Message<number>, number>;
  paused: boolean;
}

/** Drives a group and keeps its own books of what must be true. */
class Books {
  readonly #group: Group<number>;
  readonly #timeoutMs: number;
  readonly #peers = new Map<number, Peer>();
  readonly #unsettled = new Map<bigint, number>();
  readonly #unsettledParked = new Set<bigint>();
  #parking: Array<Message<number>> = [];
  #seen: Array<Message<number>> = [];
  #place = -1n;
  #parkedPlace = -1n;
  #checkpoint = -1n;
  #ids = 0;
  #nextPeer = 1;
  #now = 0;

  constructor(chosen: Settings) {
    this.#timeoutMs = chosen.messageTimeoutMs;
    this.#group = new Group(chosen, { resumeAfter: -1n, parkedThrough: -1n }, 0);
  }

  take(one: Step): void {
    switch (one.do) {
      case "push": {
        const events = this.#candidates(one.count, () => ++this.#place);
        for (const { at, event } of events) this.#unsettled.set(at, event);
        this.#place += BigInt(one.skipped);
        this.#tell({ kind: "pushed", events, through: this.#place, skipped: one.skipped, caughtUp: true });
        break;
      }
      case "replay": {
        const events = this.#candidates(one.count, () => ++this.#parkedPlace);
        for (const { at } of events) this.#unsettledParked.add(at);
        this.#tell({ kind: "replayed", events, through: this.#parkedPlace });
        break;
      }
      case "join": {
        const consumer = this.#nextPeer++;
        this.#peers.set(consumer, { slots: one.slots, holds: new Map(), paused: false });
        this.#tell({ kind: "joined", consumer, slots: one.slots });
        break;
      }
      case "leave": {
        const [consumer] = this.#peer(one.which);
        if (consumer === undefined) break;
        this.#peers.delete(consumer);
        this.#tell({ kind: "left", consumer });
        break;
      }
      case "pause":
      case "resume": {
        const [consumer, peer] = this.#peer(one.which);
        if (!peer || consumer === undefined) break;
        peer.paused = one.do === "pause";
        this.#tell({ kind: peer.paused ? "paused" : "resumed", consumer });
        break;
      }
      case "ack": {
        // A late ack may be about anything that was ever delivered.
        const message = one.late ? this.#seen.at(-1 - one.which) : this.#held(one.which)?.message;
        if (message) this.#ack(message);
        break;
      }
      case "nack": {
        const held = this.#held(one.which);
        if (!held) break;
        this.#letGo(held.message);
        if (one.action === "skip") this.#settled(held.message);
        if (one.action === "stop") this.#peers.delete(held.consumer);
        const ids = [held.message.id];
        this.#tell({ kind: "nacked", consumer: held.consumer, ids, action: one.action, reason: "" });
        break;
      }
      case "answer_parking": {
        const message = this.#parking.shift();
        if (!message) break;
        if (one.onDisk) this.#settled(message);
        this.#tell({ kind: one.onDisk ? "parked" : "not_parked", message });
        break;
      }
      case "wait":
        this.#now += one.ms;
        this.#timeOut();
        this.#tell({ kind: "ticked" });
        break;
    }
  }

  /** A patient consumer takes everything that is left. */
  finish(): void {
    for (const consumer of [...this.#peers.keys()]) {
      this.#peers.delete(consumer);
      this.#tell({ kind: "left", consumer });
    }
    this.take({ do: "join", slots: 5 });
    for (let turns = 0; this.#unsettled.size + this.#unsettledParked.size > 0; turns++) {
      assert.ok(turns < 5_000, `never settled: ${[...this.#unsettled.keys()]}`);
      if (this.#parking.length > 0) this.take({ do: "answer_parking", onDisk: true });
      else this.take({ do: "ack", which: 0, late: false });
    }
    assert.is(this.#group.settledThrough, this.#place);
    assert.is(this.#group.counts.outstanding, 0);
  }

  #tell(input: Input<number>): void {
    for (const effect of this.#group.handle(input, this.#now)) this.#check(effect);
    for (const { id, held } of this.#group.consumers)
      assert.is(held, this.#peers.get(id)?.holds.size, `what consumer ${id} is believed to hold`);
  }

  #check(effect: Effect<number>): void {
    switch (effect.kind) {
      case "deliver": {
        const peer = this.#peers.get(effect.consumer);
        assert.ok(peer, "delivered to nobody");
        assert.not(peer.paused, "delivered to a connection that is full");
        for (const other of this.#peers.values()) other.holds.delete(effect.message);
        peer.holds.set(effect.message, this.#now);
        assert.ok(peer.holds.size <= peer.slots, "more in flight than asked for");
        this.#seen.push(effect.message);
        break;
      }
      case "park":
        for (const peer of this.#peers.values()) peer.holds.delete(effect.message);
        this.#parking.push(effect.message);
        break;
      case "record_checkpoint":
        assert.ok(effect.through > this.#checkpoint, "a checkpoint went backwards");
        for (const place of this.#unsettled.keys())
          assert.ok(effect.through < place, `checkpoint ${effect.through} passed ${place}`);
        this.#checkpoint = effect.through;
        break;
      case "forget_parked":
        for (const place of this.#unsettledParked)
          assert.ok(effect.through < place, "an unsettled parked message was forgotten");
        break;
      case "dismiss":
        break;
    }
  }

  #candidates(count: number, next: () => bigint): Array<Candidate<number>> {
    return Array.from({ length: count }, () => {
      const number = this.#ids++;
      return { id: `e${number}`, pin: number % 5, bytes: 1, at: next(), event: number };
    });
  }

  #ack(message: Message<number>): void {
    // What is being parked is out of the consumers' hands.
    if (!this.#parking.includes(message)) {
      this.#letGo(message);
      this.#settled(message);
    }
    this.#tell({ kind: "acked", ids: [message.id] });
  }

  #settled({ origin, at }: Message<number>): void {
    if (origin === "source") this.#unsettled.delete(at);
    else this.#unsettledParked.delete(at);
  }

  #letGo(message: Message<number>): void {
    for (const peer of this.#peers.values()) peer.holds.delete(message);
  }

  #peer(at: number): [number | undefined, Peer | undefined] {
    const entries = [...this.#peers];
    return entries[at % Math.max(entries.length, 1)] ?? [undefined, undefined];
  }

  #held(at: number): { readonly consumer: number; readonly message: Message<number> } | undefined {
    const held = [...this.#peers].flatMap(([consumer, peer]) =>
      [...peer.holds.keys()].map((message) => ({ consumer, message })),
    );
    return held[at % Math.max(held.length, 1)];
  }

  #timeOut(): void {
    if (this.#timeoutMs === 0) return;
    for (const { holds } of this.#peers.values())
      for (const [message, since] of holds) if (this.#now - since >= this.#timeoutMs) holds.delete(message);
  }
}

test("nothing is lost, nobody is overfed, no checkpoint runs ahead", () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 150, size: "max" }), (chosen, steps) => {
      const books = new Books(chosen);
      for (const one of steps) books.take(one);
      books.finish();
    }),
    { numRuns: 300 },
  );
});

test.run();
