// The heart of a persistent subscription: who holds which message, who gets the next, and what must be recorded.
// No I/O and no clock: inputs come in with the time, and what must be done about them goes out as effects.
import type { Consumer } from "./consumer.ts";
import { hasRoom, newConsumer } from "./consumer.ts";
import type { Candidate, Effect, Input, Message } from "./exchange.ts";
import { Progress } from "./progress.ts";
import type { Settings } from "./settings.ts";
import type { Choose } from "./strategies.ts";
import { chooserFor } from "./strategies.ts";

interface Flight<E> {
  readonly message: Message<E>;
  readonly consumer: Consumer;
  readonly since: number;
}

export interface Resume {
  readonly resumeAfter: bigint;
  /** The last parked message that is no longer there. */
  readonly parkedThrough: bigint;
}

/** Held events live in memory, so a group whose events are large holds fewer of them. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

export class Group<E> {
  readonly #settings: Settings;
  readonly #choose: Choose;
  readonly #progress: Progress;
  readonly #replay: Progress;
  readonly #consumers = new Map<number, Consumer>();
  #order: readonly Consumer[] = [];
  readonly #fresh = new Map<number, Message<E>>();
  readonly #retries = new Map<number, Message<E>>();
  /** By event id and in order of delivery, so the first is the first to time out. */
  readonly #flights = new Map<string, Flight<E>>();
  readonly #parking = new Set<Message<E>>();
  #heldBytes = 0;
  #nextSeq = 0;
  #caughtUp = false;
  #delivered = 0;
  #effects: Array<Effect<E>> = [];

  constructor(settings: Settings, { resumeAfter, parkedThrough }: Resume, now: number) {
    const { minCheckpointCount, maxCheckpointCount, checkpointAfterMs } = settings;
    this.#settings = settings;
    this.#choose = chooserFor(settings.strategy);
    this.#progress = new Progress(
      resumeAfter,
      { minCount: minCheckpointCount, maxCount: maxCheckpointCount, afterMs: checkpointAfterMs },
      now,
    );
    const wheneverAsked = { minCount: 1, maxCount: 1, afterMs: 0 };
    this.#replay = new Progress(parkedThrough, wheneverAsked, now);
  }

  handle(input: Input<E>, now: number): ReadonlyArray<Effect<E>> {
    this.#effects = [];
    switch (input.kind) {
      case "joined":
        this.#join(newConsumer(input.consumer, input.slots, this.#settings.extraStatistics));
        break;
      case "left":
        this.#leave(input.consumer);
        break;
      case "paused":
      case "resumed": {
        const consumer = this.#consumers.get(input.consumer);
        if (consumer) consumer.paused = input.kind === "paused";
        break;
      }
      case "pushed":
        for (const event of input.events) this.#take(event, "source");
        this.#progress.passOver(input.through, input.skipped);
        this.#caughtUp = input.caughtUp;
        break;
      case "replayed":
        for (const event of input.events) this.#take(event, "parked");
        // A parked link whose event is gone counts as settled.
        this.#replay.passOver(input.through, 1);
        break;
      case "acked":
        for (const id of input.ids) this.#ack(id, now);
        break;
      case "nacked":
        this.#nack(input, now);
        break;
      case "parked":
        if (this.#parking.delete(input.message)) this.#settle(input.message);
        break;
      case "not_parked":
        if (this.#parking.delete(input.message)) this.#retries.set(input.message.seq, input.message);
        break;
      case "ticked":
        this.#expire(now);
        this.#forgetReplayed(now);
        break;
    }
    this.#dispatch(now);
    const through = this.#progress.due(now);
    if (through !== undefined) this.#effects.push({ kind: "record_checkpoint", through });
    return this.#effects;
  }

  /** How many new events to read for it now. */
  wanted(): number {
    const { historyBufferSize, liveBufferSize, readBatchSize } = this.#settings;
    const bound = Math.max(this.#caughtUp ? liveBufferSize : historyBufferSize, 1);
    const batch = Math.min(Math.max(readBatchSize, 1), bound);
    const room = bound - this.#fresh.size - this.#parking.size;
    return this.#mayTake() && room >= batch ? batch : 0;
  }

  /** How many parked messages to read for it now, while a replay is on. */
  wantedParked(): number {
    const batch = Math.max(this.#settings.readBatchSize, 1);
    return this.#mayTake() ? Math.max(batch - this.#retries.size - this.#parking.size, 0) : 0;
  }

  /** Where reading goes on. */
  get through(): bigint {
    return this.#progress.through;
  }

  /** What a checkpoint could say now, due or not. */
  get settledThrough(): bigint {
    return this.#progress.settledThrough;
  }

  /** Whether time alone may change something. */
  get waiting(): boolean {
    return this.#flights.size > 0 || this.#progress.moved || this.#replay.moved;
  }

  get consumers(): readonly Consumer[] {
    return this.#order;
  }

  get counts(): {
    readonly fresh: number;
    readonly retrying: number;
    readonly inFlight: number;
    readonly outstanding: number;
    readonly delivered: number;
    readonly caughtUp: boolean;
  } {
    const inFlight = this.#flights.size;
    return {
      fresh: this.#fresh.size,
      retrying: this.#retries.size,
      inFlight,
      outstanding: inFlight + this.#retries.size + this.#parking.size,
      delivered: this.#delivered,
      caughtUp: this.#caughtUp,
    };
  }

  #mayTake(): boolean {
    return this.#consumers.size > 0 && this.#heldBytes < MAX_HELD_BYTES;
  }

  #join(consumer: Consumer): void {
    this.#consumers.set(consumer.id, consumer);
    this.#order = [...this.#consumers.values()];
  }

  #leave(id: number): void {
    const leaver = this.#consumers.get(id);
    if (!leaver) return;
    this.#consumers.delete(id);
    this.#order = [...this.#consumers.values()];
    for (const flight of [...this.#flights.values()]) if (flight.consumer === leaver) this.#giveBack(flight);
  }

  #take(candidate: Candidate<E>, origin: Message<E>["origin"]): void {
    const message: Message<E> = { ...candidate, seq: this.#nextSeq++, origin, retries: 0 };
    this.#heldBytes += message.bytes;
    this.#progressOf(message).read(message.seq, message.at);
    (origin === "source" ? this.#fresh : this.#retries).set(message.seq, message);
  }

  /** Whoever says that it has been processed is believed, be it after its timeout. */
  #ack(id: string, now: number): void {
    const flight = this.#flights.get(id);
    if (flight) {
      flight.consumer.latencies?.add(now - flight.since);
      this.#land(flight);
      this.#settle(flight.message);
      return;
    }
    for (const message of this.#retries.values()) {
      if (message.id !== id) continue;
      this.#retries.delete(message.seq);
      this.#settle(message);
      return;
    }
  }

  #nack(nack: Extract<Input<E>, { kind: "nacked" }>, now: number): void {
    for (const id of nack.ids) {
      const flight = this.#flights.get(id);
      // One that has timed out is another consumer's business by now.
      if (flight?.consumer.id !== nack.consumer) continue;
      switch (nack.action) {
        case "park":
          this.#land(flight);
          this.#park(flight.message, nack.reason);
          break;
        case "retry":
          this.#retry(flight);
          break;
        case "skip":
          this.#ack(id, now);
          break;
        case "stop":
          break;
      }
    }
    if (nack.action !== "stop") return;
    this.#leave(nack.consumer);
    this.#effects.push({ kind: "dismiss", consumer: nack.consumer });
  }

  #expire(now: number): void {
    const { messageTimeoutMs } = this.#settings;
    if (messageTimeoutMs <= 0) return;
    for (const flight of this.#flights.values()) {
      if (now - flight.since < messageTimeoutMs) return;
      this.#retry(flight);
    }
  }

  #retry(flight: Flight<E>): void {
    const { maxRetryCount } = this.#settings;
    if (flight.message.retries < maxRetryCount) {
      this.#giveBack(flight);
    } else {
      this.#land(flight);
      this.#park(flight.message, `Reached the retry count of ${maxRetryCount}`);
    }
  }

  #giveBack(flight: Flight<E>): void {
    this.#land(flight);
    flight.message.retries += 1;
    this.#retries.set(flight.message.seq, flight.message);
  }

  #park(message: Message<E>, reason: string): void {
    this.#parking.add(message);
    this.#effects.push({ kind: "park", message, reason });
  }

  #land(flight: Flight<E>): void {
    this.#flights.delete(flight.message.id);
    flight.consumer.held -= 1;
  }

  #settle(message: Message<E>): void {
    this.#heldBytes -= message.bytes;
    this.#progressOf(message).settle(message.seq);
  }

  #progressOf(message: Message<E>): Progress {
    return message.origin === "source" ? this.#progress : this.#replay;
  }

  #forgetReplayed(now: number): void {
    const through = this.#replay.due(now);
    if (through !== undefined) this.#effects.push({ kind: "forget_parked", through });
  }

  #dispatch(now: number): void {
    for (const queue of [this.#retries, this.#fresh]) {
      for (const message of queue.values()) {
        if (!this.#order.some(hasRoom)) return;
        // Acks name ids only, so two events with one id are never out at the same time.
        if (this.#flights.has(message.id)) continue;
        const consumer = this.#choose(this.#order, message);
        if (!consumer) continue;
        queue.delete(message.seq);
        consumer.held += 1;
        consumer.delivered += 1;
        this.#delivered += 1;
        this.#flights.set(message.id, { message, consumer, since: now });
        this.#effects.push({ kind: "deliver", consumer: consumer.id, message });
      }
    }
  }
}
