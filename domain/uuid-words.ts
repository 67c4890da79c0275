// A UUID as four words of 32 bits, so that a million of them are a column of numbers.

export const UUID_WORDS = 4;

export function wordsOfUuid(id: string): [number, number, number, number] {
  const hex = id.replaceAll("-", "");
  const word = (at: number): number => Number.parseInt(hex.slice(at, at + 8), 16);
  return [word(0), word(8), word(16), word(24)];
}

export function uuidOfWords(words: Uint32Array): string {
  let hex = "";
  for (const word of words) hex += word.toString(16).padStart(8, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
