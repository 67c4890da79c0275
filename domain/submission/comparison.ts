import { z } from "zod";
import { PartnerId, RuleId, SubmissionId } from "../ids.ts";
import type { OtherDecision, PastDecision } from "./past-decision.ts";

// Decisions beside what other rules would have decided, counted.

const count = z.int().nonnegative();
const NowAndThen = z.object({
  now: count,
  // biome-ignore lint/suspicious/noThenProperty: the API calls it so, and a number is never called.
  then: count,
  went: count
    .optional()
    .meta({ description: "Where they really went, in what is held against rules in force" }),
});

type Counts = [now: number, then: number, went: number];
const NOW = 0;
const THEN = 1;
const WENT = 2;

export const ComparisonResult = z.object({
  /** Decisions; a submission that was routed anew counts each time. */
  total: count,
  /** Those that would first have gone elsewhere. */
  changed: count,
  /** Those whose data is destroyed or can't be read: they are in no other figure. */
  unreadable: count,
  partners: z.record(z.string(), NowAndThen),
  /** Those that no partner got. */
  unrouted: NowAndThen,
  examples: z.array(
    z.object({
      id: SubmissionId,
      from: PartnerId.nullable(),
      to: PartnerId.nullable(),
      /** Of the other rules. */
      rule: RuleId.nullable(),
    }),
  ),
});
export type ComparisonResult = z.infer<typeof ComparisonResult>;

/** The first ones; the rest is in the figures. */
const MAX_EXAMPLES = 20;

export class Comparison {
  #total = 0;
  #changed = 0;
  #unreadable = 0;
  #tellsWent = false;
  readonly #partners = new Map<PartnerId | null, Counts>();
  readonly #examples: ComparisonResult["examples"] = [];

  /** Goes on with what was counted before. */
  constructor(before?: ComparisonResult) {
    if (before !== undefined) this.include(before);
  }

  add(
    { id, partner: from }: Pick<PastDecision, "id" | "partner">,
    { partner: to, rule }: OtherDecision,
  ): void {
    this.#total += 1;
    this.#countsOf(from)[NOW] += 1;
    this.#countsOf(to)[THEN] += 1;
    if (from === to) return;
    this.#changed += 1;
    if (this.#examples.length < MAX_EXAMPLES) this.#examples.push({ id, from, to, rule });
  }

  /** Two sets of rules beside each other, and where it went by those that were in force then. */
  addAgainst(
    { id, partner: went }: Pick<PastDecision, "id" | "partner">,
    { partner: from }: OtherDecision,
    to: OtherDecision,
  ): void {
    this.#tellsWent = true;
    this.#countsOf(went)[WENT] += 1;
    this.add({ id, partner: from }, to);
  }

  /** Shown also where nothing went there. */
  mention(partner: PartnerId): void {
    this.#countsOf(partner);
  }

  addUnreadable(): void {
    this.#unreadable += 1;
  }

  /** What comes after, counted elsewhere. */
  include({ total, changed, unreadable, partners, unrouted, examples }: ComparisonResult): void {
    this.#total += total;
    this.#changed += changed;
    this.#unreadable += unreadable;
    const all = Object.entries(partners) as [PartnerId, z.infer<typeof NowAndThen>][];
    for (const [partner, counts] of [...all, [null, unrouted] as const]) {
      const mine = this.#countsOf(partner);
      mine[NOW] += counts.now;
      mine[THEN] += counts.then;
      mine[WENT] += counts.went ?? 0;
      this.#tellsWent ||= counts.went !== undefined;
    }
    this.#examples.push(...examples.slice(0, MAX_EXAMPLES - this.#examples.length));
  }

  result(): ComparisonResult {
    const partners = [...this.#partners].filter(([id]) => id !== null);
    const shown = ([now, then, went]: Counts): z.infer<typeof NowAndThen> =>
      this.#tellsWent ? { now, then, went } : { now, then };
    return {
      total: this.#total,
      changed: this.#changed,
      unreadable: this.#unreadable,
      partners: Object.fromEntries(partners.map(([id, counts]) => [id, shown(counts)])),
      unrouted: shown(this.#countsOf(null)),
      examples: [...this.#examples],
    };
  }

  #countsOf(partner: PartnerId | null): Counts {
    const counts = this.#partners.get(partner) ?? [0, 0, 0];
    this.#partners.set(partner, counts);
    return counts;
  }
}
