// Where the next page begins: opaque to who holds it.
export class InvalidCursor extends Error {
  override name = "InvalidCursor";
}

export const cursorAt = (position: bigint): string => Buffer.from(`${position}`).toString("base64url");

export function positionOf(cursor: string): bigint {
  const text = Buffer.from(cursor, "base64url").toString();
  if (!/^\d{1,19}$/.test(text)) throw new InvalidCursor("this cursor is none that was given out");
  return BigInt(text);
}
