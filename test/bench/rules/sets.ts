// Rules and submissions for measuring, the same in every run.
import type { Predicate } from "#domain/rules/rule.ts";
import { Rule } from "#domain/rules/rule.ts";

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

const FIELDS = Array.from({ length: 20 }, (_, n) => `f${n}`);
const VALUES = 20;
const isNumber = (field: number): boolean => field % 3 === 2;

/** Two to four conditions each, on fields that are asked for as unevenly as people ask. */
export function manyRules(count: number): Rule[] {
  const random = numbers(7);
  const field = (): number => Math.min(random(20), random(20));
  const one = (): Predicate => {
    const f = field();
    const name = FIELDS[f] as string;
    if (isNumber(f)) {
      const low = random(90);
      const choice = random(3);
      if (choice === 0) return { field: name, operator: "between", value: [low, low + 9] };
      return { field: name, operator: choice === 1 ? ">=" : "<", value: low };
    }
    const value = `v${random(VALUES)}`;
    const choice = random(8);
    if (choice === 0) return { field: name, operator: "!=", value };
    if (choice < 3)
      return { field: name, operator: "in", value: [value, `v${random(VALUES)}`, `v${random(VALUES)}`] };
    return { field: name, operator: "=", value };
  };
  return Array.from({ length: count }, (_, n) =>
    Rule.parse({
      id: `r${n}`,
      name: `Rule ${n}`,
      priority: n,
      enabled: true,
      when: { combinator: "and", rules: Array.from({ length: 2 + random(3) }, one) },
      route: { to: `p${n % 10}` },
    }),
  );
}

export function manySubmissions(count: number): Record<string, unknown>[] {
  const random = numbers(11);
  return Array.from({ length: count }, () =>
    Object.fromEntries(FIELDS.map((name, f) => [name, isNumber(f) ? random(100) : `v${random(VALUES)}`])),
  );
}

/** Many texts to look for in one field, and groups within groups. */
export function pathological(): Rule[] {
  const random = numbers(3);
  const contains = (): Predicate => ({
    field: "text",
    operator: "contains",
    value: `w${random(400)}`,
  });
  const deep = (depth: number): unknown =>
    depth === 0
      ? contains()
      : {
          combinator: depth % 2 === 0 ? "and" : "or",
          not: random(4) === 0,
          rules: [deep(depth - 1), deep(depth - 1), contains()],
        };
  return Array.from({ length: 300 }, (_, n) =>
    Rule.parse({
      id: `r${n}`,
      name: `Rule ${n}`,
      priority: n % 5,
      enabled: true,
      when: { combinator: "and", rules: [deep(5), contains()] },
      route: { to: `p${n % 10}` },
    }),
  );
}
