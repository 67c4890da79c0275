// Every SQL statement of the engine, and the checks that what is read is what was written.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { corruptLog, isDamage } from "./data-folder.ts";
import {
  CorruptLog,
  type Direction,
  type PageBounds,
  type RecordedEvent,
  StoreUnavailable,
} from "./event-log.ts";
import { decodeRecorded, type TOMBSTONE_REVISION } from "./recorded-event.ts";
import { checksumOf, type StreamHead } from "./stream-head.ts";

type EventRow = readonly [position: number, checksum: number, wire: Uint8Array];
type HeadRow = readonly [
  name: string,
  number: number,
  last: number,
  life: StreamHead["life"],
  truncateBefore: number,
  maxCount: number,
  maxAge: number,
  checksum: number,
];

const EVENT = "select position, checksum, wire from events";

export class Storage {
  readonly #db: DatabaseSync;
  readonly #dir: string;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #insertEvent: StatementSync;
  readonly #saveHead: StatementSync;
  readonly #saveRowsThrough: StatementSync;
  readonly #loadHead: StatementSync;
  readonly #readAll: Readonly<Record<Direction, StatementSync>>;
  readonly #readStream: Readonly<Record<Direction, StatementSync>>;

  constructor(db: DatabaseSync, dir: string) {
    this.#db = db;
    this.#dir = dir;
    const query = (sql: string): StatementSync => {
      const statement = db.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#begin = db.prepare("begin immediate");
    this.#commit = db.prepare("commit");
    this.#insertEvent = db.prepare("insert into events values (?, ?, ?, ?, ?)");
    this.#saveHead = db.prepare("insert or replace into streams values (?, ?, ?, ?, ?, ?, ?, ?)");
    this.#saveRowsThrough = db.prepare("update rows set through = ?1, repeated = ?1");
    this.#loadHead = query("select * from streams where name = ?");
    this.#readAll = {
      forwards: query(`${EVENT} where position >= ? order by position`),
      backwards: query(`${EVENT} where position <= ? order by position desc`),
    };
    this.#readStream = {
      forwards: query(`${EVENT} where stream = ? and revision >= ? order by revision`),
      backwards: query(`${EVENT} where stream = ? and revision <= ? order by revision desc`),
    };
  }

  /** All of it is on disk when this returns, or none of it. */
  transaction(work: () => void): void {
    try {
      this.#begin.run();
      work();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      throw this.#explained(error);
    }
  }

  #rollback(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("rollback");
    } catch {
      // SQLite has already rolled back where this fails.
    }
  }

  insertEvent(event: RecordedEvent, stream: number, revision: number | typeof TOMBSTONE_REVISION): void {
    this.#insertEvent.run(Number(event.position), stream, revision, crc32(event.wire), event.wire);
  }

  saveHead(head: StreamHead): void {
    const { name, number, last, life, retention } = head;
    const { truncateBefore, maxCount, maxAgeSeconds } = retention;
    this.#saveHead.run(name, number, last, life, truncateBefore, maxCount, maxAgeSeconds, checksumOf(head));
  }

  /** The last position whose effect on its stream is in the stream's row. */
  rowsThrough(): number {
    const row = this.#checked(() => this.#db.prepare("select through, repeated from rows").get());
    if (row === undefined || row.through !== row.repeated)
      throw this.#damaged("how far its stream rows go is not as it was written");
    return Number(row.through);
  }

  saveRowsThrough(position: number): void {
    this.#saveRowsThrough.run(position);
  }

  loadHead(name: string): StreamHead | undefined {
    const row = this.#checked(() => this.#loadHead.get(name)) as HeadRow | undefined;
    if (row === undefined) return undefined;
    const [stored, number, last, life, truncateBefore, maxCount, maxAgeSeconds, checksum] = row;
    const retention = { truncateBefore, maxCount, maxAgeSeconds };
    const head: StreamHead = { name: stored, number, last, life, retention };
    if (checksumOf(head) !== checksum)
      throw this.#damaged(`the entry of stream ${name} is not as it was written`);
    return head;
  }

  lastPosition(): number {
    const last = this.#checked(() => this.#db.prepare("select max(position) as head from events").get());
    return Number(last?.head ?? 0);
  }

  /** Positions have no gaps, so a page with a gap has lost an event; callers never ask for more than there is. */
  readAll(from: number, direction: Direction, bounds: PageBounds): RecordedEvent[] {
    const step = direction === "forwards" ? 1 : -1;
    const isExpected = (event: RecordedEvent, index: number): boolean =>
      Number(event.position) === from + step * index;
    return this.#page(() => this.#readAll[direction].iterate(from), bounds, isExpected);
  }

  /** Revisions have no gaps either. */
  readStream(
    { name, number }: StreamHead,
    from: number,
    direction: Direction,
    bounds: PageBounds,
  ): RecordedEvent[] {
    const step = direction === "forwards" ? 1 : -1;
    const isExpected = ({ stream, revision }: RecordedEvent, index: number): boolean =>
      stream === name && Number(revision) === from + step * index;
    return this.#page(() => this.#readStream[direction].iterate(number, from), bounds, isExpected);
  }

  #page(
    query: () => Iterable<unknown>,
    { maxCount, maxBytes }: PageBounds,
    isExpected: (event: RecordedEvent, index: number) => boolean,
  ): RecordedEvent[] {
    return this.#checked(() => {
      const page: RecordedEvent[] = [];
      let bytes = 0;
      for (const row of query()) {
        const event = this.#decoded(row as EventRow);
        if (!isExpected(event, page.length))
          throw this.#damaged(`the event at position ${event.position} is not where it belongs`);
        page.push(event);
        bytes += event.wire.length;
        if (page.length >= maxCount || bytes >= maxBytes) return page;
      }
      throw this.#damaged("an event is missing");
    });
  }

  #decoded([position, checksum, wire]: EventRow): RecordedEvent {
    const event = crc32(wire) === checksum ? decodeRecorded(wire) : undefined;
    if (event && Number(event.position) === position) return event;
    throw this.#damaged(`the event at position ${position} is not as it was written`);
  }

  #checked<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      // A damaged row may have a column of another type, or a number that is none.
      if (error instanceof TypeError || error instanceof RangeError) throw corruptLog(this.#dir, error);
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (error instanceof CorruptLog || !(error instanceof Error)) return error;
    if (isDamage(error)) return corruptLog(this.#dir, error);
    return "errcode" in error
      ? new StoreUnavailable(`${this.#dir} cannot be used at the moment: ${error.message}`, { cause: error })
      : error;
  }

  #damaged(what: string): CorruptLog {
    return corruptLog(this.#dir, new Error(what));
  }
}
