// How many names fall to one process, when each has room for only so many.

/** The fair share of one with `capacity`, beside others with theirs: all get the same, and who is full leaves its rest to the others. */
export function fairShare(names: number, capacity: number, others: readonly number[]): number {
  const smallestFirst = [capacity, ...others].sort((a, b) => a - b);
  let left = names;
  let level = 0;
  for (const [index, room] of smallestFirst.entries()) {
    const each = Math.ceil(left / (smallestFirst.length - index));
    level = Math.max(level, Math.min(each, room));
    if (each <= room) break;
    left -= room;
  }
  return Math.min(capacity, level);
}
