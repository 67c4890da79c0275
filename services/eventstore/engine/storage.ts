// Every SQL statement of the engine, and the checks that what comes back is what was written.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { corrupt, isDamage } from "./data-folder.ts";
import { CorruptLog, type Direction, type PageBounds, type Recorded, StoreUnavailable } from "./event-log.ts";
import { checksumOf, type StreamHead } from "./stream-head.ts";
import { decodeRecorded, type TOMBSTONE_REVISION } from "./wire.ts";

type Row = readonly [position: number, checksum: number, wire: Uint8Array];
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
  readonly #head: StatementSync;
  readonly #allForwards: StatementSync;
  readonly #allBackwards: StatementSync;
  readonly #streamForwards: StatementSync;
  readonly #streamBackwards: StatementSync;

  constructor(db: DatabaseSync, dir: string) {
    this.#db = db;
    this.#dir = dir;
    const rows = (sql: string): StatementSync => {
      const statement = db.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#begin = db.prepare("begin immediate");
    this.#commit = db.prepare("commit");
    this.#insertEvent = db.prepare("insert into events values (?, ?, ?, ?, ?)");
    this.#saveHead = db.prepare("insert or replace into streams values (?, ?, ?, ?, ?, ?, ?, ?)");
    this.#saveRowsThrough = db.prepare("update rows set through = ?1, repeated = ?1");
    this.#head = rows("select * from streams where name = ?");
    this.#allForwards = rows(`${EVENT} where position >= ? order by position`);
    this.#allBackwards = rows(`${EVENT} where position <= ? order by position desc`);
    this.#streamForwards = rows(`${EVENT} where stream = ? and revision >= ? order by revision`);
    this.#streamBackwards = rows(`${EVENT} where stream = ? and revision <= ? order by revision desc`);
  }

  /** All of it on disk when this returns, or none of it. */
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

  insertEvent(event: Recorded, stream: number, revision: number | typeof TOMBSTONE_REVISION): void {
    this.#insertEvent.run(Number(event.position), stream, revision, crc32(event.wire), event.wire);
  }

  saveHead(head: StreamHead): void {
    const { truncateBefore, maxCount, maxAgeSeconds } = head.retention;
    const checksum = checksumOf(head);
    const { name, number, last, life } = head;
    this.#saveHead.run(name, number, last, life, truncateBefore, maxCount, maxAgeSeconds, checksum);
  }

  /** The last position whose effect on its stream is in the stream's row. */
  rowsThrough(): number {
    const row = this.#guarded(() => this.#db.prepare("select through, repeated from rows").get());
    if (row === undefined || row.through !== row.repeated)
      throw this.#damaged("how far its stream rows go is not as it was written");
    return Number(row.through);
  }

  saveRowsThrough(position: number): void {
    this.#saveRowsThrough.run(position);
  }

  loadHead(name: string): StreamHead | undefined {
    const row = this.#guarded(() => this.#head.get(name)) as HeadRow | undefined;
    if (row === undefined) return undefined;
    const [stored, number, last, life, truncateBefore, maxCount, maxAgeSeconds, checksum] = row;
    const retention = { truncateBefore, maxCount, maxAgeSeconds };
    const head: StreamHead = { name: stored, number, last, life, retention };
    if (checksumOf(head) !== checksum)
      throw this.#damaged(`the entry of stream ${name} is not as it was written`);
    return head;
  }

  lastPosition(): number {
    const last = this.#guarded(() => this.#db.prepare("select max(position) as head from events").get());
    return Number(last?.head ?? 0);
  }

  /** Positions have no gaps, so a page that has one has lost an event; callers never ask for more than there is. */
  readAll(from: number, direction: Direction, bounds: PageBounds): Recorded[] {
    const statement = direction === "forwards" ? this.#allForwards : this.#allBackwards;
    const step = direction === "forwards" ? 1 : -1;
    const isExpected = (event: Recorded, index: number): boolean =>
      Number(event.position) === from + step * index;
    return this.#page(() => statement.iterate(from), bounds, isExpected);
  }

  /** Revisions have no gaps either. */
  readStream(
    { name, number }: StreamHead,
    from: number,
    direction: Direction,
    bounds: PageBounds,
  ): Recorded[] {
    const statement = direction === "forwards" ? this.#streamForwards : this.#streamBackwards;
    const step = direction === "forwards" ? 1 : -1;
    const isExpected = ({ stream, revision }: Recorded, index: number): boolean =>
      stream === name && Number(revision) === from + step * index;
    return this.#page(() => statement.iterate(number, from), bounds, isExpected);
  }

  #page(
    query: () => Iterable<unknown>,
    { maxCount, maxBytes }: PageBounds,
    isExpected: (event: Recorded, index: number) => boolean,
  ): Recorded[] {
    return this.#guarded(() => {
      const page: Recorded[] = [];
      let bytes = 0;
      for (const row of query()) {
        const event = this.#intact(row as Row);
        if (!isExpected(event, page.length))
          throw this.#damaged(`the event at position ${event.position} is not where it belongs`);
        page.push(event);
        bytes += event.wire.length;
        if (page.length >= maxCount || bytes >= maxBytes) return page;
      }
      throw this.#damaged("an event is missing");
    });
  }

  #intact([position, checksum, wire]: Row): Recorded {
    const event = crc32(wire) === checksum ? decodeRecorded(wire) : undefined;
    if (Number(event?.position) === position && event) return event;
    throw this.#damaged(`the event at position ${position} is not as it was written`);
  }

  #guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      // A damaged row may have a column of another type, or a number that is none.
      if (error instanceof TypeError || error instanceof RangeError) throw corrupt(error, this.#dir);
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (error instanceof CorruptLog || !(error instanceof Error)) return error;
    if (isDamage(error)) return corrupt(error, this.#dir);
    return "errcode" in error
      ? new StoreUnavailable(`${this.#dir} cannot be used at the moment: ${error.message}`, { cause: error })
      : error;
  }

  #damaged(what: string): CorruptLog {
    return corrupt(new Error(what), this.#dir);
  }
}
