// The rows of streams are written behind the events, many at a time and in the order of their names: names are random, so
// a row that is written alone costs a page of its own. Until then the events say what the rows don't; decision 0012.
import type { Storage } from "./storage.ts";
import type { StreamHead } from "./stream-head.ts";

/** More of them share more pages; fewer have to be read again when the log opens. */
const EVENTS_PER_ROUND = 8_192;
const FEWEST_ROWS_AT_ONCE = 64;

interface Written {
  readonly heads: ReadonlyMap<string, StreamHead>;
  readonly events: { readonly length: number };
}

/** Streams that changed up to `through`, whose rows are being written, the first `done` of them already. */
interface Round {
  readonly through: number;
  readonly heads: Map<string, StreamHead>;
  readonly names: readonly string[];
  readonly done: number;
}

export class LateRows {
  readonly #storage: Storage;
  readonly #eventsPerRound: number;
  /** Changed behind `#through`; the next round writes them. */
  #changed = new Map<string, StreamHead>();
  #through: number;
  #head: number;
  #round: Round | undefined;
  /** How far the round is once the transaction that is open is on disk. */
  #doneThen: number | undefined;
  #eventsSinceRows = 0;

  constructor(storage: Storage, eventsPerRound = EVENTS_PER_ROUND) {
    this.#storage = storage;
    this.#eventsPerRound = eventsPerRound;
    this.#through = storage.rowsThrough();
    this.#head = this.#through;
  }

  find(stream: string): StreamHead | undefined {
    return this.#changed.get(stream) ?? this.#round?.heads.get(stream);
  }

  /** Some rows of the round, in the transaction that writes the events. A round ends before the next is due. */
  write({ heads, events }: Written): void {
    const round = this.#round;
    const due = 2 * (this.#eventsSinceRows + events.length);
    this.#doneThen = undefined;
    if (round === undefined || due < FEWEST_ROWS_AT_ONCE) return;
    const { names, done, through } = round;
    const end = Math.min(names.length, done + due);
    for (const name of names.slice(done, end)) {
      const head = heads.get(name) ?? this.find(name);
      if (head !== undefined) this.#storage.saveHead(head);
    }
    if (end === names.length) this.#storage.saveRowsThrough(through);
    this.#doneThen = end;
  }

  /** The transaction is on disk. */
  wrote({ heads, events }: Written, isLate: (head: StreamHead) => boolean): void {
    for (const head of heads.values()) {
      if (isLate(head)) this.#changed.set(head.name, head);
      else this.#forget(head.name);
    }
    this.#head += events.length;
    this.#eventsSinceRows += events.length;
    if (this.#round !== undefined && this.#doneThen !== undefined) {
      const done = this.#doneThen;
      this.#round = done === this.#round.names.length ? undefined : { ...this.#round, done };
      this.#eventsSinceRows = 0;
    }
    if (this.#round === undefined && this.#head - this.#through >= this.#eventsPerRound) this.#beginRound();
  }

  /** What the log knows when it closes, so that nothing has to be read again when it opens. */
  writeAll(): void {
    for (const heads of [this.#round?.heads, this.#changed])
      for (const name of [...(heads?.keys() ?? [])].sort()) {
        const head = this.find(name);
        if (head !== undefined) this.#storage.saveHead(head);
      }
    this.#storage.saveRowsThrough(this.#head);
  }

  /** Its row was written with the events. */
  #forget(stream: string): void {
    this.#changed.delete(stream);
    this.#round?.heads.delete(stream);
  }

  #beginRound(): void {
    const heads = this.#changed;
    this.#through = this.#head;
    this.#round = { through: this.#head, heads, names: [...heads.keys()].sort(), done: 0 };
    this.#changed = new Map();
    this.#eventsSinceRows = 0;
  }
}
