// What a batch changes in the counts: each lead is taken out where it was and put in where it is, by each of what may be asked for.
import { type CountedLead, countedStatuses, isCounted } from "./counted-lead.ts";
import { type Decimal, decimalOf, sumOf, times, ZERO } from "./decimal.ts";
import { stepOf } from "./latency.ts";

export const buckets = ["minute", "hour", "day"] as const;
export type Bucket = (typeof buckets)[number];
export const dimensions = ["source", "kind", "partner", "rule", "status"] as const;
export type Dimension = (typeof dimensions)[number];
export const clocks = ["received", "ended"] as const;
export type Clock = (typeof clocks)[number];

/** Which leads are counted together; an empty key where they have none. */
export interface Place {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly dimension: Dimension;
  readonly at: Date;
  readonly key: string;
}

export const COUNTS = ["received", ...countedStatuses] as const;
export type Counts = Record<(typeof COUNTS)[number], number>;

/** How many leads they are, or how many more or fewer. */
export interface Tally {
  readonly counts: Counts;
  revenue: Decimal;
  /** By steps of latency. */
  readonly steps: Map<number, number>;
}

const emptyTally = (): Tally => ({
  counts: {
    received: 0,
    delivered: 0,
    rejected: 0,
    duplicate: 0,
    unrouted: 0,
    dead_lettered: 0,
    returned: 0,
  },
  revenue: ZERO,
  steps: new Map(),
});

export function addTo(tally: Tally, other: Tally): void {
  const { counts, steps } = tally;
  for (const name of COUNTS) counts[name] += other.counts[name];
  tally.revenue = sumOf(tally.revenue, other.revenue);
  for (const [step, count] of other.steps) addStep(steps, step, count);
}

function addStep(steps: Map<number, number>, step: number, count: number): void {
  const sum = (steps.get(step) ?? 0) + count;
  if (sum === 0) steps.delete(step);
  else steps.set(step, sum);
}

const isZero = ({ counts, revenue, steps }: Tally): boolean =>
  steps.size === 0 && revenue.units === 0n && COUNTS.every((name) => counts[name] === 0);

const LENGTH_MS: Readonly<Record<Bucket, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Those that change. */
export function differences(
  changed: Iterable<CountedLead>,
  before: ReadonlyMap<CountedLead["id"], CountedLead>,
): (readonly [Place, Tally])[] {
  const minutes = new Tallies();
  for (const lead of changed) {
    const was = before.get(lead.id);
    if (was !== undefined) count(minutes, was, -1);
    count(minutes, lead, 1);
  }
  const all = [...minutes.changed()];
  // Of what is added up already: far fewer than the leads.
  for (const bucket of ["hour", "day"] as const) {
    const longer = new Tallies();
    for (const [{ clock, dimension, at, key }, tally] of minutes.changed())
      addTo(longer.of(bucket, clock, dimension, startOf(bucket, at.getTime()), key), tally);
    all.push(...longer.changed());
  }
  return all;
}

const startOf = (bucket: Bucket, ms: number): number =>
  Math.floor(ms / LENGTH_MS[bucket]) * LENGTH_MS[bucket];

class Tallies {
  readonly #all = new Map<string, readonly [Place, Tally]>();

  of(bucket: Bucket, clock: Clock, dimension: Dimension, at: number, key: string): Tally {
    const name = `${clock} ${dimension} ${at} ${key}`;
    const known = this.#all.get(name);
    if (known !== undefined) return known[1];
    const tally = emptyTally();
    this.#all.set(name, [{ bucket, clock, dimension, at: new Date(at), key }, tally]);
    return tally;
  }

  *changed(): Iterable<readonly [Place, Tally]> {
    for (const one of this.#all.values()) if (!isZero(one[1])) yield one;
  }
}

function count(minutes: Tallies, lead: CountedLead, leads: 1 | -1): void {
  const { received_at, ended_at, status } = lead;
  const step = ended_at === null ? undefined : stepOf(ended_at.getTime() - received_at.getTime());
  const price = status === "delivered" && lead.price ? times(decimalOf(`${lead.price}`), leads) : undefined;
  const countIn = (clock: Clock, at: Date): void => {
    const minute = startOf("minute", at.getTime());
    for (const dimension of dimensions) {
      const tally = minutes.of("minute", clock, dimension, minute, lead[dimension] ?? "");
      tally.counts.received += leads;
      if (isCounted(status)) tally.counts[status] += leads;
      if (price !== undefined) tally.revenue = sumOf(tally.revenue, price);
      if (step !== undefined) addStep(tally.steps, step, leads);
    }
  };
  countIn("received", received_at);
  if (ended_at !== null) countIn("ended", ended_at);
}
