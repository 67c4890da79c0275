// The rows of streams are written behind the events, many at a time and sorted by name: names are random, so a row that
// is written alone costs a page of its own. Until a row is written, the events say what it lacks; decision 0012.
//
// What changed within some thousand events is one round. A round is written in slices, each in a transaction that writes
// new events anyway, and `rows.through` moves in the transaction of its last slice.
import type { Storage } from "./storage.ts";
import type { StreamHead } from "./stream-head.ts";

/** Larger rounds share more pages; smaller ones leave fewer events to be read when the log opens. */
const EVENTS_PER_ROUND = 8_192;
const MIN_ROWS_PER_SLICE = 64;

/** What a transaction writes. */
export interface Written {
  readonly heads: ReadonlyMap<string, StreamHead>;
  readonly events: { readonly length: number };
}

interface Round {
  readonly heads: Map<string, StreamHead>;
  readonly names: readonly string[];
  /** How many of the names are on disk. */
  done: number;
}

export class WriteBehind {
  readonly #storage: Storage;
  readonly #eventsPerRound: number;
  /** The streams that changed after the last round began. */
  #changed = new Map<string, StreamHead>();
  #round: Round | undefined;
  /** Up to which position the last round covers all events. */
  #roundThrough: number;
  #head: number;
  #eventsSinceSlice = 0;
  /** How far the round is once the open transaction is on disk; undefined where it writes no rows. */
  #doneOnCommit: number | undefined;

  constructor(storage: Storage, eventsPerRound = EVENTS_PER_ROUND) {
    this.#storage = storage;
    this.#eventsPerRound = eventsPerRound;
    this.#roundThrough = storage.rowsThrough();
    this.#head = this.#roundThrough;
  }

  /** The stream as its row will say, where that is not written yet. */
  find(stream: string): StreamHead | undefined {
    return this.#changed.get(stream) ?? this.#round?.heads.get(stream);
  }

  /** Writes a slice of the round: two rows for each new event, so a round ends before the next one is due. */
  writeSome({ heads, events }: Written): void {
    this.#doneOnCommit = undefined;
    const count = 2 * (this.#eventsSinceSlice + events.length);
    if (this.#round === undefined || count < MIN_ROWS_PER_SLICE) return;
    const { names, done } = this.#round;
    const end = Math.min(names.length, done + count);
    this.#save(names.slice(done, end), (name) => heads.get(name) ?? this.find(name));
    if (end === names.length) this.#storage.saveRowsThrough(this.#roundThrough);
    this.#doneOnCommit = end;
  }

  /** The transaction is on disk. Heads that can't wait had their row written in it. */
  committed({ heads, events }: Written, canWait: (head: StreamHead) => boolean): void {
    for (const [name, head] of heads) {
      if (canWait(head)) this.#changed.set(name, head);
      else {
        this.#changed.delete(name);
        this.#round?.heads.delete(name);
      }
    }
    this.#head += events.length;
    this.#eventsSinceSlice += events.length;
    if (this.#round !== undefined && this.#doneOnCommit !== undefined) {
      this.#round.done = this.#doneOnCommit;
      this.#eventsSinceSlice = 0;
      if (this.#round.done === this.#round.names.length) this.#round = undefined;
    }
    if (this.#round === undefined && this.#head - this.#roundThrough >= this.#eventsPerRound)
      this.#beginRound();
  }

  /** Writes every row when the log closes, so that no event has to be read again when it opens. */
  writeAll(): void {
    for (const heads of [this.#round?.heads, this.#changed])
      this.#save([...(heads?.keys() ?? [])].sort(), (name) => this.find(name));
    this.#storage.saveRowsThrough(this.#head);
  }

  #save(names: readonly string[], headOf: (name: string) => StreamHead | undefined): void {
    for (const name of names) {
      const head = headOf(name);
      if (head !== undefined) this.#storage.saveHead(head);
    }
  }

  #beginRound(): void {
    const heads = this.#changed;
    this.#round = { heads, names: [...heads.keys()].sort(), done: 0 };
    this.#roundThrough = this.#head;
    this.#changed = new Map();
    this.#eventsSinceSlice = 0;
  }
}
