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
  const alike = new AlikeLeads();
  for (const lead of changed) {
    const was = before.get(lead.id);
    if (was !== undefined) alike.count(was, -1);
    alike.count(lead, 1);
  }
  const minutes = alike.byMinute();
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

/** Leads that are counted in the same places, of which there are few: only their sum is put into each. */
class AlikeLeads {
  readonly #all = new Map<string, readonly [CountedLead, Tally]>();

  count(lead: CountedLead, leads: 1 | -1): void {
    const { received_at, ended_at, kind, source, status, partner, rule, price } = lead;
    const minutes = `${minuteOf(received_at)} ${ended_at === null ? "" : minuteOf(ended_at)}`;
    const tally = this.#of(
      `${minutes}\n${kind}\n${source}\n${status}\n${partner ?? ""}\n${rule ?? ""}`,
      lead,
    );
    tally.counts.received += leads;
    if (isCounted(status)) tally.counts[status] += leads;
    if (status === "delivered" && price)
      tally.revenue = sumOf(tally.revenue, times(decimalOf(`${price}`), leads));
    if (ended_at !== null) addStep(tally.steps, stepOf(ended_at.getTime() - received_at.getTime()), leads);
  }

  #of(places: string, lead: CountedLead): Tally {
    const known = this.#all.get(places);
    if (known !== undefined) return known[1];
    const tally = emptyTally();
    this.#all.set(places, [lead, tally]);
    return tally;
  }

  byMinute(): Tallies {
    const minutes = new Tallies();
    for (const [lead, tally] of this.#all.values()) {
      const { received_at, ended_at } = lead;
      for (const dimension of dimensions) {
        const key = lead[dimension] ?? "";
        addTo(minutes.of("minute", "received", dimension, minuteOf(received_at), key), tally);
        if (ended_at !== null)
          addTo(minutes.of("minute", "ended", dimension, minuteOf(ended_at), key), tally);
      }
    }
    return minutes;
  }
}

const minuteOf = (at: Date): number => startOf("minute", at.getTime());
