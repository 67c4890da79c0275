// How long a consumer took to settle its latest messages, as the extra statistics show it.

const KEPT = 1_000;

const QUANTILES: ReadonlyArray<readonly [name: string, fraction: number]> = [
  ["Median", 0.5],
  ["Fastest", 0],
  ["Quintile 1", 0.2],
  ["Quintile 2", 0.4],
  ["Quintile 3", 0.6],
  ["Quintile 4", 0.8],
  ["Quintile 5", 1],
  ["90%", 0.9],
  ["95%", 0.95],
  ["99%", 0.99],
  ["99.5%", 0.995],
  ["99.9%", 0.999],
  ["Highest", 1],
];

export class Latencies {
  readonly #ring: number[] = [];
  #next = 0;

  add(ms: number): void {
    this.#ring[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Milliseconds by name; empty before the first message was settled. */
  measurements(): Array<readonly [name: string, ms: number]> {
    const sorted = this.#ring.toSorted((a, b) => a - b);
    if (sorted.length === 0) return [];
    const mean = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
    const at = (fraction: number): number =>
      sorted[Math.ceil(fraction * sorted.length) - 1] ?? sorted[0] ?? 0;
    return [["Mean", Math.round(mean)], ...QUANTILES.map(([name, part]) => [name, at(part)] as const)];
  }
}
