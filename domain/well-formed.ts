// Text from outside, such that every store and every reader takes it: without NUL, without half of a surrogate pair, no longer
// than it may be.

const REPLACEMENT = "\ufffd";

/** Cut by characters (code points), so that none is halved. */
export function wellFormed(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  const sound = text
    .slice(0, maxLength * 2)
    .replaceAll("\u0000", REPLACEMENT)
    .toWellFormed();
  // No character takes more than two units, so what is no longer than that in units has to be counted only here.
  return sound.length <= maxLength ? sound : Array.from(sound).slice(0, maxLength).join("");
}

export const isWellFormed = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000");

/** The same for every text, and every name, in a JSON value. */
export function wellFormedJson(value: unknown): unknown {
  if (typeof value === "string") return wellFormed(value);
  if (Array.isArray(value)) return value.map(wellFormedJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [wellFormed(name), wellFormedJson(one)]),
  );
}
