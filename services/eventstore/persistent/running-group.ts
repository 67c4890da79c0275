// The shell around a group: reads events for it, hands its deliveries to connections and its records to the log.
import type { Logger } from "pino";
import type { EventLog } from "../engine/event-log.ts";
import type { Resolved } from "../protocol/codec/read-response.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { encodeDelivery } from "./codec.ts";
import type { Effect, Input, Message, NackAction } from "./exchange.ts";
import { Group } from "./group.ts";
import { Ledger } from "./ledger.ts";
import { dropped, failed, maximumSubscribersReached } from "./refusals.ts";
import type { Definition } from "./settings.ts";
import { keyOf } from "./settings.ts";
import type { Source } from "./source.ts";
import { openSource } from "./source.ts";

/** A consumer's connection. */
export interface Connection {
  readonly from: string;
  readonly username: string;
  readonly name: string;
  readonly since: number;
  /** False when it takes no more until it says `resumed`. */
  send(message: Buffer): boolean;
  refuse(why: Refusal): void;
}

export interface Membership {
  acked(ids: readonly string[]): void;
  nacked(ids: readonly string[], action: NackAction, reason: string): void;
  resumed(): void;
  left(): void;
}

export interface Surroundings {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly now: () => number;
}

export class RunningGroup {
  readonly definition: Definition;
  readonly startedAt: number;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #ledger: Ledger;
  readonly #source: Source;
  readonly #group: Group<Resolved>;
  readonly #connections = new Map<number, Connection>();
  #nextConsumer = 1;
  #reading = false;
  #stopped = false;
  /** Parked messages up to here have been taken up by a replay; the replay that is on ends before `#replayEnd`. */
  #replayed: bigint;
  #replayEnd: bigint;
  #everParked: boolean;

  constructor(definition: Definition, { log, logger, now }: Surroundings) {
    this.definition = definition;
    this.startedAt = now();
    this.#now = now;
    this.#logger = logger.child({ subscription: keyOf(definition) });
    this.#source = openSource(log, definition);
    this.#ledger = new Ledger(log, definition, (error) =>
      this.#logger.warn({ err: error }, "could not record how far the group has come; trying again"),
    );
    this.#replayed = this.#ledger.parkedBefore();
    this.#replayEnd = this.#replayed + 1n;
    this.#everParked = this.#ledger.lastParked() >= 0n;
    const resumeAfter = this.#ledger.checkpoint ?? definition.resumeAfter;
    this.#group = new Group(
      definition.settings,
      { resumeAfter, parkedThrough: this.#replayed },
      this.startedAt,
    );
  }

  get state(): Pick<Group<Resolved>, "consumers" | "counts"> {
    return this.#group;
  }

  connection(consumer: number): Connection | undefined {
    return this.#connections.get(consumer);
  }

  get checkpoint(): bigint | undefined {
    return this.#ledger.checkpoint;
  }

  /** The last place in the source, be it read or not. */
  get lastKnown(): bigint {
    return this.#source.last();
  }

  get parkedCount(): bigint {
    const last = this.#ledger.lastParked();
    return last > this.#replayed ? last - this.#replayed : 0n;
  }

  /** Confirms, and delivers what waits; throws a refusal when there are as many as there may be. */
  join(connection: Connection, slots: number, confirmation: Buffer): Membership {
    if (this.#stopped) throw dropped(this.definition);
    const { maxSubscriberCount } = this.definition.settings;
    if (maxSubscriberCount > 0 && this.#connections.size >= maxSubscriberCount)
      throw maximumSubscribersReached(this.definition);
    const consumer = this.#nextConsumer++;
    connection.send(confirmation);
    this.#connections.set(consumer, connection);
    this.#tell({ kind: "joined", consumer, slots });
    return {
      acked: (ids) => this.#tell({ kind: "acked", ids }),
      nacked: (ids, action, reason) => this.#tell({ kind: "nacked", consumer, ids, action, reason }),
      resumed: () => this.#tell({ kind: "resumed", consumer }),
      left: () => {
        if (this.#connections.delete(consumer)) this.#tell({ kind: "left", consumer });
      },
    };
  }

  /** Delivers parked messages again: all there are now, or those whose number among the parked is below `stopAt`. */
  replayParked(stopAt: bigint | undefined): void {
    const end = this.#ledger.lastParked() + 1n;
    const bound = stopAt !== undefined && stopAt < end ? stopAt : end;
    if (bound > this.#replayEnd) this.#replayEnd = bound;
    this.wake();
  }

  get replaying(): boolean {
    return this.#replayed + 1n < this.#replayEnd;
  }

  tick(): void {
    if (this.#group.waiting) this.#tell({ kind: "ticked" });
  }

  /** Something may have been committed, or there is room again. */
  wake(): void {
    if (this.#reading || this.#stopped) return;
    try {
      if (!this.#hasWork()) return;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#reading = true;
    setImmediate(() => this.#read());
  }

  /** Every consumer is told why; what they hold is delivered again by whoever carries on from here. */
  async stop(why: Refusal): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      for (const connection of this.#connections.values()) connection.refuse(why);
      this.#connections.clear();
      const settled = this.#group.settledThrough;
      const recorded = this.#ledger.checkpoint ?? this.definition.resumeAfter;
      if (settled > recorded) this.#ledger.recordCheckpoint(settled);
    }
    await this.#ledger.flush();
  }

  #hasWork(): boolean {
    if (this.replaying && this.#group.wantedParked() > 0) return true;
    return this.#group.wanted() > 0 && this.#source.last() > this.#group.through;
  }

  /** One page a turn, so that a long history starves nobody. */
  #read(): void {
    this.#reading = false;
    if (this.#stopped) return;
    try {
      this.#readParked();
      this.#readSource();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.wake();
  }

  #readParked(): void {
    const wanted = this.replaying ? this.#group.wantedParked() : 0;
    if (wanted === 0) return;
    const { links, through } = this.#ledger.readParked(this.#replayed, this.#replayEnd, wanted);
    this.#replayed = through;
    const events = links.flatMap((link) => this.#source.replay(link) ?? []);
    this.#tell({ kind: "replayed", events, through });
  }

  #readSource(): void {
    const wanted = this.#group.wanted();
    if (wanted === 0) return;
    this.#tell({ kind: "pushed", ...this.#source.read(this.#group.through, wanted) });
  }

  /** The log can't be read: whoever consumes it has to know, and may come back. */
  #fail(error: unknown): void {
    this.#logger.error({ err: error }, "could not read for the group");
    const connections = [...this.#connections];
    this.#connections.clear();
    for (const [consumer, connection] of connections) {
      connection.refuse(failed(this.definition, "the log could not be read"));
      this.#tell({ kind: "left", consumer });
    }
  }

  #tell(input: Input<Resolved>): void {
    if (this.#stopped) return;
    for (const effect of this.#group.handle(input, this.#now())) this.#apply(effect);
    this.wake();
  }

  #apply(effect: Effect<Resolved>): void {
    switch (effect.kind) {
      case "deliver":
        this.#deliver(effect.consumer, effect.message);
        break;
      case "park":
        void this.#park(effect.message, effect.reason);
        break;
      case "record_checkpoint":
        this.#ledger.recordCheckpoint(effect.through);
        break;
      case "forget_parked":
        this.#ledger.forgetParked(effect.through);
        break;
      case "dismiss": {
        const connection = this.#connections.get(effect.consumer);
        this.#connections.delete(effect.consumer);
        // An end without an error would leave the client's own half of the stream open for ever.
        connection?.refuse(dropped(this.definition));
        break;
      }
    }
  }

  #deliver(consumer: number, { event, retries }: Message<Resolved>): void {
    const connection = this.#connections.get(consumer);
    if (connection && !connection.send(encodeDelivery(event, retries)))
      this.#tell({ kind: "paused", consumer });
  }

  async #park(message: Message<Resolved>, reason: string): Promise<void> {
    const { event, link } = message.event;
    const place = link ?? event;
    try {
      if (place) {
        const revision = await this.#ledger.park(place, reason, this.#now());
        // A stream that was deleted goes on counting where it ended.
        if (!this.#everParked) this.#replayed = revision - 1n;
        this.#everParked = true;
      }
      this.#tell({ kind: "parked", message });
    } catch (error) {
      this.#logger.error({ err: error }, "could not park a message; it is delivered again");
      this.#tell({ kind: "not_parked", message });
    }
  }
}
