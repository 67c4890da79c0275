// Where a reader is: behind one message. An event may be told by several messages, so a position alone would not say which of them it had.

/** Of one event. */
const MAX_MESSAGES = 8n;

/** Grows from message to message. */
export type Place = bigint;

export const endOf = (position: bigint): Place => position * MAX_MESSAGES + (MAX_MESSAGES - 1n);

/** Of the message that so many others of the same event follow. */
export const placeBefore = (position: bigint, followed: number): Place => endOf(position) - BigInt(followed);

export const positionAt = (place: Place): bigint => place / MAX_MESSAGES;

/** Behind the last message of an event it is the event's position alone, as x-position says it. */
export function idAt(place: Place): string {
  const before = endOf(positionAt(place)) - place;
  return before === 0n ? `${positionAt(place)}` : `${positionAt(place)}-${before}`;
}

/** Undefined where it is none that was given out. */
export function placeOf(id: string): Place | undefined {
  const [, position, before = "0"] = /^(\d{1,19})(?:-([1-7]))?$/.exec(id) ?? [];
  return position === undefined ? undefined : endOf(BigInt(position)) - BigInt(before);
}
