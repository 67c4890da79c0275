// The lag of the read models in seconds: the time since the log reached the first event that a projection had not applied.

export interface Observation {
  readonly at: number;
  readonly position: number;
}

/** Every projection's position follows the whole log, also past events that do not concern it. */
export interface Progress extends Observation {
  readonly projection: string;
}

export interface Lag {
  readonly projection: string;
  readonly seconds: number;
  /** Head of the log minus the projection's position. */
  readonly events: number;
}

/** The largest lag. `heads` are positions that the log had reached at a time, in any order. */
export function largestLag(heads: readonly Observation[], progress: readonly Progress[]): Lag | undefined {
  const history = increasing(heads);
  const lags = progress.map((one) => lagOf(history, one));
  return lags.reduce((largest, lag) => (lag.seconds > largest.seconds ? lag : largest), lags[0] as Lag);
}

function lagOf(history: readonly Observation[], { projection, at, position }: Progress): Lag {
  const reachedAt = passedAt(history, position) ?? at;
  const head = history.findLast((known) => known.at <= at)?.position ?? position;
  return {
    projection,
    seconds: Math.max(0, at - reachedAt) / 1000,
    events: Math.max(0, head - position),
  };
}

function increasing(heads: readonly Observation[]): Observation[] {
  const history: Observation[] = [];
  for (const head of heads.toSorted((a, b) => a.at - b.at))
    if (head.position > (history.at(-1)?.position ?? -1)) history.push(head);
  return history;
}

/** When the log grew beyond this position; interpolated between two observations. */
function passedAt(history: readonly Observation[], position: number): number | undefined {
  const index = history.findIndex((known) => known.position > position);
  const [before, after] = [history[index - 1], history[index]];
  if (after === undefined || before === undefined) return after?.at;
  const share = (position - before.position) / (after.position - before.position);
  return before.at + (after.at - before.at) * share;
}
