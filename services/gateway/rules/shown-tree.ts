// The decision tree as JSON: what is asked at each node, and where each answer leads.
import type { Bound } from "#domain/rules/compile/classes.ts";
import type { ListEntry, Node } from "#domain/rules/compile/tree.ts";

export function shownTree(node: Node): object {
  switch (node.type) {
    case "decided":
      return node.rule === undefined
        ? { decided: null }
        : { decided: node.rule.id, name: node.rule.name, route: node.rule.route };
    case "test": {
      const { field, operator, value } = node.test;
      return { field, operator, value, yes: shownTree(node.yes), no: shownTree(node.no) };
    }
    case "text": {
      const sameTarget = Map.groupBy(node.cases, ([, target]) => target);
      const cases = Array.from(sameTarget, ([target, those]) => ({
        is: those.map(([text]) => text),
        next: shownTree(target),
      }));
      return { field: node.field, cases, otherwise: shownTree(node.otherwise) };
    }
    case "number":
    case "order": {
      const ranges = node.places.map((target, place) => ({
        ...rangeOf(node.bounds, place),
        next: shownTree(target),
      }));
      return { field: node.field, ranges, otherwise: shownTree(node.otherwise) };
    }
    case "list":
    case "table":
      return { first_of: node.entries.map(shownEntry) };
  }
}

/** An even place lies between two bounds, an odd one at a bound. */
function rangeOf(bounds: readonly Bound[], place: number): object {
  if (place % 2 === 1) return { is: bounds[(place - 1) / 2] };
  const [above, below] = [bounds[place / 2 - 1], bounds[place / 2]];
  return { ...(above !== undefined && { above }), ...(below !== undefined && { below }) };
}

const shownEntry = ({ rule, tests, group }: ListEntry): object => ({
  rule: rule.id,
  name: rule.name,
  route: rule.route,
  when:
    group ?? tests.map(({ test: { field, operator, value }, holds }) => ({ field, operator, value, holds })),
});
