// Times in steps whose bounds grow by a fixed ratio, so that times are counted as whole numbers by step: counts of any two spans add up,
// one that is taken out again leaves no trace, and a quantile read from them is at most 2 % off.
const MAX_ERROR = 0.02;
const RATIO = (1 + MAX_ERROR) / (1 - MAX_ERROR);
const LOG_RATIO = Math.log(RATIO);
/** Enough to hide that the middle of a step is no measured time, and finer than its error. */
const DIGITS = 4;

/** Of what has not ended yet. */
export const NO_STEP = -1;

/** 0 is below a millisecond; step n ends at RATIO ** n. Clocks of two machines may differ, so a time may be negative. */
export const stepOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / LOG_RATIO));

/** Equally far, in proportion, from both bounds of the step. */
export const msOf = (step: number): number =>
  step === 0 ? 0 : Number(((2 * RATIO ** step) / (1 + RATIO)).toPrecision(DIGITS));
