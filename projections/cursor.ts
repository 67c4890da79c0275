// Pages of rows, newest first, and where the next one begins: opaque to who holds it.
export class InvalidCursor extends Error {
  override name = "InvalidCursor";
}

const cursorAt = (position: bigint): string => Buffer.from(`${position}`).toString("base64url");

/** What a database column of positions can hold. */
const MAX_POSITION = 2n ** 63n - 1n;

/** Undefined where the text is no position that a log can have. */
export function asPosition(text: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const position = BigInt(text);
  return position <= MAX_POSITION ? position : undefined;
}

export function positionOf(cursor: string): bigint {
  const position = asPosition(Buffer.from(cursor, "base64url").toString());
  if (position === undefined) throw new InvalidCursor("this cursor is none that was given out");
  return position;
}

/** A place in a list that is ordered by time: what came at the same time is told apart by its position. */
export interface Moment {
  readonly at: Date;
  readonly position: bigint;
}

const MAX_TIME_MS = 8.64e15;

export function momentOf(cursor: string): Moment {
  const [time = "", place = ""] = Buffer.from(cursor, "base64url").toString().split("/");
  const position = asPosition(place);
  if (position === undefined || !/^\d{1,16}$/.test(time) || Number(time) > MAX_TIME_MS)
    throw new InvalidCursor("this cursor is none that was given out");
  return { at: new Date(Number(time)), position };
}

/** The same as `pageOf`, for rows that are ordered by time. */
export function pageByTime<Row extends { readonly position: bigint }>(
  rows: readonly Row[],
  limit: number,
  timeOf: (row: Row) => Date,
): Page<Row> {
  return page(rows, limit, (row) =>
    Buffer.from(`${timeOf(row).getTime()}/${row.position}`).toString("base64url"),
  );
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Absent on the last page. */
  readonly next: { readonly next_cursor?: string };
}

/** `rows` has one more than `limit` where another page follows. */
export const pageOf = <Row extends { readonly position: bigint }>(
  rows: readonly Row[],
  limit: number,
): Page<Row> => page(rows, limit, ({ position }) => cursorAt(position));

function page<Row>(rows: readonly Row[], limit: number, cursorOf: (last: Row) => string): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last ? { next_cursor: cursorOf(last) } : {} };
}
