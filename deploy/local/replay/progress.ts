// What is told of rebuilds: how far they are, how fast, how long they will take, and what they found.

export interface ShownProjection {
  readonly name: string;
  readonly position: string;
  readonly rebuilt_at: string | null;
  readonly rebuilding?: {
    readonly position: string;
    readonly of: string;
    readonly events_per_second: number;
  };
  readonly compared?: {
    readonly equal: boolean;
    readonly tables: readonly {
      readonly table: string;
      readonly rows: number;
      readonly rebuilt_rows: number;
      readonly equal: boolean;
    }[];
  };
}

/** What is left is compared and swapped in. */
const MAX_BEFORE_SWAP = 0.99;
const BAR = 30;
const MIN_SHARE = 0.02;

export interface RebuildProgress {
  readonly isDone: boolean;
  readonly line: string;
}

/** Of all that were chosen together; `before` is how each was when they began. */
export function createRebuildProgress(
  before: readonly ShownProjection[],
  beganMs: number,
): (now: readonly ShownProjection[], nowMs: number) => RebuildProgress {
  /** Where each was when it was first seen: one that was begun earlier goes on from there. */
  let first: number | undefined;
  return (now, nowMs) => {
    const named = new Map(now.map((one) => [one.name, one]));
    const shares = before.map((one) => shareDone(one, named.get(one.name)));
    const share = shares.reduce((sum, one) => sum + one, 0) / shares.length;
    first ??= share;
    const rate = before.reduce(
      (sum, { name }) => sum + (named.get(name)?.rebuilding?.events_per_second ?? 0),
      0,
    );
    const isDone = shares.every((one) => one === 1);
    const gained = share - first;
    const left = ((nowMs - beganMs) * (1 - share)) / gained / 1_000;
    const told = [
      ...(rate > 0 ? [`${Math.round(rate).toLocaleString("en")} events/s`] : []),
      ...(gained >= MIN_SHARE && !isDone ? [`${duration(left)} left`] : []),
    ];
    return { isDone, line: [bar(share), ...told].join("  ") };
  };
}

/** 1 once it is swapped in; while it is built, how far through the log it is. */
function shareDone(before: ShownProjection, now: ShownProjection | undefined): number {
  if (now === undefined) return 0;
  if (now.rebuilding === undefined) return now.rebuilt_at === before.rebuilt_at ? 0 : 1;
  const far = Number(now.rebuilding.position) / Math.max(1, Number(now.rebuilding.of));
  return Math.min(MAX_BEFORE_SWAP, far);
}

function bar(share: number): string {
  const full = Math.round(share * BAR);
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}] ${Math.floor(share * 100)} %`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A line for each table that is not as it was in use. */
export const differencesOf = ({ name, compared }: ShownProjection): string[] =>
  (compared?.tables ?? [])
    .filter(({ equal }) => !equal)
    .map(({ table, rows, rebuilt_rows }) => {
      const counts =
        rows === rebuilt_rows
          ? `${rows} rows, some of them others`
          : `${rows} rows before, ${rebuilt_rows} now`;
      return `${name}.${table} is not what was in use until now: ${counts}. What the log says is served.`;
    });
