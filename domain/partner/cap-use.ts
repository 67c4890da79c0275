import { QUARTER_MS, type Span } from "./calendar.ts";

// How much of a partner's caps is used: what it has taken, and what is reserved for deliveries that it may take. Counted by the quarter
// of an hour, so that it holds for whatever time zone and caps are configured later.

/** More than a month, summer time included. */
const MAX_QUARTERS = 32 * 96;

/** Changed in place, like the state that it is part of. */
export class CapUse {
  total = 0;
  /** What was begun before the first that is counted is not in it. */
  since = Number.POSITIVE_INFINITY;
  readonly quarters = new Map<number, number>();
  /** Those that were asked for, and what they hold. */
  #spans: { readonly span: Span; count: number }[] = [];

  static of(total: number, since: number, quarters: Iterable<readonly [number, number]>): CapUse {
    const use = new CapUse();
    use.total = total;
    use.since = since;
    for (const [quarter, count] of quarters) use.quarters.set(quarter, count);
    return use;
  }

  /** One more, or with -1 one less, of what was begun then. */
  add(at: number, count: 1 | -1): void {
    const quarter = Math.floor(at / QUARTER_MS);
    if (count === 1) this.since = Math.min(this.since, quarter);
    else if (quarter < this.since) return;
    this.total += count;
    const before = this.quarters.get(quarter);
    this.quarters.set(quarter, (before ?? 0) + count);
    if (before === undefined) this.#forgetBefore(quarter - MAX_QUARTERS);
    for (const one of this.#spans) if (one.span.start <= at && at < one.span.end) one.count += count;
  }

  within(span: Span): number {
    const known = this.#spans.find((one) => one.span.start === span.start && one.span.end === span.end);
    if (known !== undefined) return known.count;
    let count = 0;
    for (const [quarter, used] of this.quarters) {
      const at = quarter * QUARTER_MS;
      if (span.start <= at && at < span.end) count += used;
    }
    // An hour, a day and a month; those before them are over.
    this.#spans = [...this.#spans.slice(-2), { span, count }];
    return count;
  }

  #forgetBefore(oldest: number): void {
    if (this.quarters.size <= MAX_QUARTERS) return;
    for (const quarter of this.quarters.keys()) if (quarter < oldest) this.quarters.delete(quarter);
  }
}
