// What the engine holds in memory of the log: always what is durable, and bounded.
import type { Acknowledged } from "./acknowledged.ts";
import { CorruptLog, ONE_EVENT, type RecordedEvent, StoreUnavailable } from "./event-log.ts";
import { LruMap } from "./lru-map.ts";
import { idOf } from "./recorded-event.ts";
import type { Storage } from "./storage.ts";
import { isOrdinary, newStream, type StreamHead } from "./stream-head.ts";
import { Tail } from "./tail.ts";
import { WriteBehind } from "./write-behind.ts";

const CACHED_HEADS = 20_000;
const REMEMBERED_IDS = 50_000;
const TAIL_BYTES = 8 * 1024 * 1024;
/** Read and checked when the log opens: enough to notice a damaged end, little enough to open at once. */
const CHECKED_AT_OPEN = { maxCount: 2_000, maxBytes: 4 * 1024 * 1024 };
const PAGE = { maxCount: 512, maxBytes: 4 * 1024 * 1024 };

/** What a transaction has written. */
interface Written {
  readonly heads: ReadonlyMap<string, StreamHead>;
  readonly events: readonly RecordedEvent[];
  readonly byId: ReadonlyMap<string, RecordedEvent>;
}

export class LogState {
  readonly storage: Storage;
  readonly tail: Tail;
  readonly rows: WriteBehind;
  readonly #acknowledged: Acknowledged;
  readonly #heads = new LruMap<string, StreamHead>(CACHED_HEADS);
  readonly #positionById = new LruMap<string, number>(REMEMBERED_IDS);
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
    this.rows = new WriteBehind(storage, eventsPerRound);
    this.#readWhatRowsLack();
    const newest = this.#readNewest();
    this.tail = new Tail(TAIL_BYTES, this.#head - newest.length);
    for (const event of newest) {
      this.tail.push(event);
      this.#positionById.set(idOf(event.wire), Number(event.position));
    }
    for (const event of newest) this.#checkHead(event);
  }

  #readWhatRowsLack(): void {
    for (let next = this.storage.rowsThrough() + 1; next <= this.#head; ) {
      const maxCount = Math.min(PAGE.maxCount, this.#head - next + 1);
      const events = this.storage.readAll(next, "forwards", { ...PAGE, maxCount });
      const heads = new Map<string, StreamHead>();
      for (const event of events) {
        const head = heads.get(event.stream) ?? this.streamHead(event.stream);
        if (isOrdinary(head)) heads.set(head.name, headAfter(head, event));
      }
      for (const head of heads.values()) this.#heads.set(head.name, head);
      this.rows.committed({ heads, events }, isOrdinary);
      next += events.length;
    }
  }

  #readNewest(): RecordedEvent[] {
    if (this.#head === 0) return [];
    const maxCount = Math.min(CHECKED_AT_OPEN.maxCount, this.#head);
    return this.storage.readAll(this.#head, "backwards", { ...CHECKED_AT_OPEN, maxCount }).reverse();
  }

  #checkHead({ stream, revision, position }: RecordedEvent): void {
    const { life, last } = this.streamHead(stream);
    if (life !== "tombstoned" && last < Number(revision)) throw newerThanStream(stream, position);
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

  recentEvent(id: string): RecordedEvent | undefined {
    const position = this.#positionById.get(id);
    if (position === undefined) return undefined;
    return this.tail.at(position) ?? this.storage.readAll(position, "forwards", ONE_EVENT)[0];
  }

  /** Whether the stream's row may be written later: neither it nor the row on disk says more than the events do. */
  readonly canWait = (head: StreamHead): boolean =>
    isOrdinary(head) && isOrdinary(this.streamHead(head.name));

  /** What was written is on disk: from here on everybody may see it. */
  publish({ heads, events, byId }: Written): void {
    this.rows.committed({ heads, events }, this.canWait);
    for (const head of heads.values()) this.#heads.set(head.name, head);
    if (events.length === 0) return;
    for (const event of events) this.tail.push(event);
    for (const [id, { position }] of byId) this.#positionById.set(id, Number(position));
    this.#head += events.length;
    this.#acknowledged.advance(this.#head);
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    try {
      this.storage.transaction(() => this.rows.writeAll());
    } catch (error) {
      // The next start reads what the rows lack from the events.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The stream after an event that its row does not cover yet. */
function headAfter(head: StreamHead, { position, revision }: RecordedEvent): StreamHead {
  if (Number(revision) > head.last + 1) throw newerThanStream(head.name, position);
  const number = head.number === 0 ? Number(position) : head.number;
  return { ...head, number, last: Math.max(head.last, Number(revision)) };
}

function newerThanStream(stream: string, position: bigint): CorruptLog {
  return new CorruptLog(
    `the event at position ${position} is newer than its stream ${stream}. Restore the data folder from a backup.`,
  );
}
