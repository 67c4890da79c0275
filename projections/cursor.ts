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

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Absent on the last page. */
  readonly next: { readonly next_cursor?: string };
}

/** `rows` has one more than `limit` where another page follows. */
export function pageOf<Row extends { readonly position: bigint }>(
  rows: readonly Row[],
  limit: number,
): Page<Row> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last ? { next_cursor: cursorAt(last.position) } : {} };
}
