// Loaded before a process's own code (`--import`): its clock is ahead by CLOCK_AHEAD_MS. Others, such as the store, keep theirs.
const aheadMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given: []) {
    if (given.length > 0) super(...given);
    else super(RealDate.now() + aheadMs);
  }

  static override now(): number {
    return RealDate.now() + aheadMs;
  }
} as DateConstructor;
