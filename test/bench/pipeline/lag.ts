// How far the read models are behind the log, in seconds: from the moment when the log reached what they had not taken in yet.

export interface Observation {
  readonly at: number;
  readonly position: number;
}

export interface Progress extends Observation {
  readonly projection: string;
  /** What waits for it, as the yard itself says, up to a second late. */
  readonly waiting: number;
}

export interface Lag {
  readonly projection: string;
  readonly seconds: number;
  /** How much longer the log was. */
  readonly events: number;
}

/** Its position is that of the log, whatever is written there; others stand at the last event that concerned them. */
const FOLLOWS_ALL = "leads";

/** The worst of all. `heads` are positions that the log had reached at a time, in no particular order. */
export function worstLag(heads: readonly Observation[], seen: readonly Progress[]): Lag | undefined {
  const history = rising(heads);
  const lags = [...Map.groupBy(seen, ({ projection }) => projection).values()].flatMap((all) =>
    all.map((one, index) => lagOf(history, one, all[index + 1])),
  );
  return lags.reduce((worst, lag) => (lag.seconds > worst.seconds ? lag : worst), lags[0] as Lag);
}

function lagOf(history: readonly Observation[], one: Progress, next: Progress | undefined): Lag {
  const { projection, at, position, waiting } = one;
  const isDone = waiting === 0 || (next?.position === position && next.waiting === 0);
  if (isDone && projection !== FOLLOWS_ALL) return { projection, seconds: 0, events: 0 };
  const reachedAt = reachedBeyond(history, position) ?? at;
  const head = history.findLast((known) => known.at <= at)?.position ?? position;
  return {
    projection,
    seconds: Math.max(0, at - reachedAt) / 1000,
    events: Math.max(0, head - position),
  };
}

/** In the order of time, and only where the log was longer than ever before. */
function rising(heads: readonly Observation[]): Observation[] {
  const history: Observation[] = [];
  for (const head of heads.toSorted((a, b) => a.at - b.at))
    if (head.position > (history.at(-1)?.position ?? -1)) history.push(head);
  return history;
}

/** When the log grew beyond this position, in proportion between the two observations around it. */
function reachedBeyond(history: readonly Observation[], position: number): number | undefined {
  const index = history.findIndex((known) => known.position > position);
  const [before, after] = [history[index - 1], history[index]];
  if (after === undefined || before === undefined) return after?.at;
  const share = (position - before.position) / (after.position - before.position);
  return before.at + (after.at - before.at) * share;
}
