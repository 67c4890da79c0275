// Times in steps whose bounds grow by a fixed ratio, so that times are counted as whole numbers by step: counts of any two spans add up,
// one that is taken out again leaves no trace, and a quantile read from them is at most 2 % off.
const MAX_ERROR = 0.02;
const RATIO = (1 + MAX_ERROR) / (1 - MAX_ERROR);
const LOG_RATIO = Math.log(RATIO);
/** Enough to hide that the middle of a step is no measured time, and finer than its error. */
const DIGITS = 4;

/** 0 is below a millisecond; step n ends at RATIO ** n. Clocks of two machines may differ, so a time may be negative. */
export const stepOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / LOG_RATIO));

/** Equally far, in proportion, from both bounds of the step. */
const msOf = (step: number): number =>
  step === 0 ? 0 : Number(((2 * RATIO ** step) / (1 + RATIO)).toPrecision(DIGITS));

/** How many times there are of each step. */
export type Steps = ReadonlyMap<number, number>;

/** In order, each step as its distance from the one before it, then how many: two or three bytes. Equal counts are equal bytes. */
export function packed(steps: Steps): Buffer {
  const bytes: number[] = [];
  let last = 0;
  for (const [step, count] of [...steps].sort(([a], [b]) => a - b)) {
    writeVarint(bytes, step - last);
    writeVarint(bytes, count);
    last = step;
  }
  return Buffer.from(bytes);
}

export function unpacked(bytes: Uint8Array): Map<number, number> {
  const steps = new Map<number, number>();
  eachStep(bytes, (step, count) => void steps.set(step, count));
  return steps;
}

/** The times that as many of a hundred are not above; null where there are no times. */
export function percentilesOf(bytes: Uint8Array, wanted: readonly number[]): (number | null)[] {
  let all = 0;
  eachStep(bytes, (_, count) => {
    all += count;
  });
  const found: (number | null)[] = wanted.map(() => null);
  let upTo = 0;
  eachStep(bytes, (step, count) => {
    upTo += count;
    for (const [n, percent] of wanted.entries())
      if (found[n] === null && upTo * 100 >= all * percent) found[n] = msOf(step);
  });
  return found;
}

const MORE = 0x80;

function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= MORE; rest = Math.floor(rest / MORE)) bytes.push((rest % MORE) + MORE);
  bytes.push(rest);
}

function eachStep(bytes: Uint8Array, tell: (step: number, count: number) => void): void {
  let step = 0;
  let isCount = false;
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte % MORE) * factor;
    factor *= MORE;
    if (byte >= MORE) continue;
    if (isCount) tell(step, value);
    else step += value;
    isCount = !isCount;
    [value, factor] = [0, 1];
  }
}
