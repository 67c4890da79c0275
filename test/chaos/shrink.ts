// Fewer blows that do the same: one after the other is left out for as long as it still happens.

const MAX_TRIES = 8;

/** Undefined where it does not happen again even with all of them, a second time included: it hangs on more than the schedule. */
export async function shrink<T>(
  all: readonly T[],
  happens: (some: readonly T[]) => Promise<boolean>,
  maxTries = MAX_TRIES,
): Promise<readonly T[] | undefined> {
  if (!(await happens(all)) && !(await happens(all))) return undefined;
  let fewest = all;
  let tries = 0;
  for (let at = 0; at < fewest.length && fewest.length > 1 && tries < maxTries; tries += 1) {
    const fewer = fewest.filter((_, n) => n !== at);
    if (await happens(fewer)) fewest = fewer;
    else at += 1;
  }
  return fewest;
}
