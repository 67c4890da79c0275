// A draft: the rules as one person would have them, and the version that they began with. Everything here is pure.
import { changesBetween, type RuleChange } from "#domain/rules/ruleset.ts";
import type { Rule } from "../api/shapes.ts";

export interface Draft {
  /** What was in force when the draft began. */
  readonly base: { readonly version: number; readonly rules: readonly Rule[] };
  readonly rules: readonly Rule[];
}

type Rules = readonly Rule[];
export type Change = Omit<RuleChange, "before" | "after"> & { readonly before?: Rule; readonly after?: Rule };

export const changes = (before: Rules, after: Rules): Change[] =>
  changesBetween(
    before as Parameters<typeof changesBetween>[0],
    after as Parameters<typeof changesBetween>[1],
  ) as Change[];

/** In the order in which they are asked, those that are switched off in their place. */
export const inOrder = (rules: Rules): Rule[] => rules.toSorted((a, b) => a.priority - b.priority);

export const withRule = (rules: Rules, rule: Rule): Rule[] => {
  const at = rules.findIndex(({ id }) => id === rule.id);
  return at < 0 ? [...rules, rule] : rules.with(at, rule);
};

const STEP = 10;

/** The rule at another place in the order: it gets a priority between its new neighbours, or all get new ones where there is none. */
export function moved(rules: Rules, id: string, to: number): Rule[] {
  const ordered = inOrder(rules);
  const rule = ordered.find((one) => one.id === id);
  if (rule === undefined) return ordered;
  const others = ordered.filter((one) => one.id !== id);
  const place = Math.max(0, Math.min(to, others.length));
  const priority = between(others[place - 1]?.priority, others[place]?.priority);
  const placed = others.toSpliced(place, 0, { ...rule, priority: priority ?? rule.priority });
  const priorities = new Map(
    placed.map((one, n) => [one.id, priority === undefined ? (n + 1) * STEP : one.priority]),
  );
  // Each stays where it stands in the list: the order follows from the priorities alone.
  return rules.map((one) => ({ ...one, priority: priorities.get(one.id) ?? one.priority }));
}

/** A whole number between the two; undefined where there is none. */
function between(above: number | undefined, below: number | undefined): number | undefined {
  if (above === undefined) return below === undefined ? STEP : Math.ceil(below) - STEP;
  if (below === undefined) return Math.floor(above) + STEP;
  const middle = Math.floor((above + below) / 2);
  return middle > above && middle < below ? middle : undefined;
}

/** After the rules that ask for something and before the first that takes all that is left. */
export function priorityForNew(rules: Rules): number {
  const ordered = inOrder(rules);
  const rest = ordered.findIndex(({ when, enabled }) => enabled && when.rules.length === 0);
  const before = rest < 0 ? ordered : ordered.slice(0, rest);
  return between(before.at(-1)?.priority, ordered[rest]?.priority) ?? (before.at(-1)?.priority ?? 0) + 1;
}

/** Names of other things below /api/rules. */
const RESERVED = ["tree", "history", "revert", "check", "evaluate", "backtest", "shadow", "draft"];

/** From what it is called, so that a log names it as people do. */
export function idFor(name: string, rules: Rules): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const base =
    plain
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 56)
      .replace(/-+$/, "") || "rule";
  const taken = new Set([...RESERVED, ...rules.map(({ id }) => id)]);
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(id)) return id;
  }
}

export interface Rebased {
  readonly draft: Draft;
  /** Rules that both have changed, each in another way; the draft's are kept. */
  readonly both: readonly string[];
}

const same = (a: Rule | undefined, b: Rule | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What the draft changed, done to the rules as they are now. */
export function rebased({ base, rules }: Draft, live: Draft["base"]): Rebased {
  const find = (among: Rules, id: string) => among.find((one) => one.id === id);
  const both: string[] = [];
  let result: Rule[] = [...live.rules];
  for (const { rule: id, change, after } of changes(base.rules, rules)) {
    if (change === "moved") continue;
    const [began, now] = [find(base.rules, id), find(live.rules, id)];
    if (!same(began, now) && !same(now, after)) both.push(id);
    result = after === undefined ? result.filter((one) => one.id !== id) : withRule(result, after);
  }
  return { draft: { base: live, rules: result }, both };
}
