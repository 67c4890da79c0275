// What the engine holds in memory of the log: always what is durable, and bounded.
import type { Acknowledged } from "./acknowledged.ts";
import { CorruptLog, type Recorded, StoreUnavailable } from "./event-log.ts";
import { Generations } from "./generations.ts";
import { LateRows } from "./late-rows.ts";
import type { Storage } from "./storage.ts";
import { isOrdinary, newStream, type StreamHead } from "./stream-head.ts";
import { Tail } from "./tail.ts";
import { idOf } from "./wire.ts";

const CACHED_HEADS = 20_000;
const REMEMBERED_IDS = 50_000;
const TAIL_BYTES = 8 * 1024 * 1024;
/** Read and checked when the log opens: enough to notice a damaged end, little enough to open at once. */
const CHECKED_AT_OPEN = { maxCount: 2_000, maxBytes: 4 * 1024 * 1024 };
const PAGE_BYTES = 4 * 1024 * 1024;

/** What a transaction has written. */
interface Written {
  readonly heads: ReadonlyMap<string, StreamHead>;
  readonly events: readonly Recorded[];
  readonly ids: ReadonlyMap<string, Recorded>;
}

export class LogState {
  readonly storage: Storage;
  readonly tail: Tail;
  readonly rows: LateRows;
  readonly #acknowledged: Acknowledged;
  readonly #heads = new Generations<string, StreamHead>(CACHED_HEADS);
  /** Positions by event id. */
  readonly #recent = new Generations<string, number>(REMEMBERED_IDS);
  readonly #listeners = new Set<() => void>();
  #head: number;

  constructor(storage: Storage, acknowledged: Acknowledged, eventsPerRound?: number) {
    this.storage = storage;
    this.#acknowledged = acknowledged;
    this.#head = storage.lastPosition();
    if (this.#head < acknowledged.position)
      throw new CorruptLog(
        `the log ends at position ${this.#head}, but ${acknowledged.position} was acknowledged: its end was lost. Restore the data folder from a backup.`,
      );
    this.rows = new LateRows(storage, eventsPerRound);
    this.#readWhatRowsLack();
    const newest = this.#newest().reverse();
    this.tail = new Tail(TAIL_BYTES, this.#head - newest.length);
    for (const event of newest) {
      this.tail.push(event);
      this.#recent.set(idOf(event.wire), Number(event.position));
    }
    for (const event of newest) this.#checkHead(event);
  }

  #readWhatRowsLack(): void {
    for (let next = this.storage.rowsThrough() + 1; next <= this.#head; ) {
      const maxCount = Math.min(512, this.#head - next + 1);
      const events = this.storage.readAll(next, "forwards", { maxCount, maxBytes: PAGE_BYTES });
      const heads = new Map<string, StreamHead>();
      for (const event of events) {
        const head = heads.get(event.stream) ?? this.streamHead(event.stream);
        if (isOrdinary(head)) heads.set(head.name, advanced(head, event));
      }
      for (const head of heads.values()) this.#heads.set(head.name, head);
      this.rows.wrote({ heads, events }, isOrdinary);
      next += events.length;
    }
  }

  #newest(): Recorded[] {
    if (this.#head === 0) return [];
    const maxCount = Math.min(CHECKED_AT_OPEN.maxCount, this.#head);
    return this.storage.readAll(this.#head, "backwards", { ...CHECKED_AT_OPEN, maxCount });
  }

  #checkHead({ stream, revision, position }: Recorded): void {
    const { life, last } = this.streamHead(stream);
    if (life !== "tombstoned" && last < Number(revision)) throw newerThan(stream, position);
  }

  get head(): number {
    return this.#head;
  }

  streamHead(name: string): StreamHead {
    const cached = this.#heads.get(name);
    if (cached !== undefined) return cached;
    const head = this.rows.find(name) ?? this.storage.loadHead(name) ?? newStream(name);
    this.#heads.set(name, head);
    return head;
  }

  recentEvent(id: string): Recorded | undefined {
    const position = this.#recent.get(id);
    if (position === undefined) return undefined;
    return (
      this.tail.at(position) ?? this.storage.readAll(position, "forwards", { maxCount: 1, maxBytes: 1 })[0]
    );
  }

  /** Whether its row may be written later: neither it nor the row that is there says more than the events do. */
  readonly isLate = (head: StreamHead): boolean => isOrdinary(head) && isOrdinary(this.streamHead(head.name));

  /** It is on disk: from here on everybody may see it. */
  publish({ heads, events, ids }: Written): void {
    this.rows.wrote({ heads, events }, this.isLate);
    for (const head of heads.values()) this.#heads.set(head.name, head);
    if (events.length === 0) return;
    for (const event of events) this.tail.push(event);
    for (const [id, { position }] of ids) this.#recent.set(id, Number(position));
    this.#head += events.length;
    this.#acknowledged.advance(this.#head);
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    try {
      this.storage.transaction(() => this.rows.writeAll());
    } catch (error) {
      // The events say it too.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The stream after an event that its row does not know yet. */
function advanced(head: StreamHead, { position, revision }: Recorded): StreamHead {
  if (Number(revision) > head.last + 1) throw newerThan(head.name, position);
  const number = head.number === 0 ? Number(position) : head.number;
  return { ...head, number, last: Math.max(head.last, Number(revision)) };
}

function newerThan(stream: string, position: bigint): CorruptLog {
  return new CorruptLog(
    `the event at position ${position} is newer than its stream ${stream}. Restore the data folder from a backup.`,
  );
}
