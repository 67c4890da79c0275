// The same rules as others take them.
import { ZenEngine } from "@gorules/zen-engine";
import { Engine, type NestedCondition } from "json-rules-engine";
import type { Predicate, Rule } from "#domain/rules/rule.ts";

type Decider = (facts: Record<string, unknown>) => Promise<string | undefined>;

const predicatesOf = (rule: Rule): Predicate[] => rule.when.rules as Predicate[];

/** A decision table with a column for each field, the first row that fits decides. */
export async function zenEngine(rules: readonly Rule[]): Promise<Decider> {
  const fields = [...new Set(rules.flatMap((rule) => predicatesOf(rule).map(({ field }) => field)))];
  const rows = rules.map((rule, n) => {
    const cells = fields.map((field) => {
      const mine = predicatesOf(rule).filter((one) => one.field === field);
      return [field, mine.map(asZen).join(" and ")];
    });
    return { _id: `${n}`, ...Object.fromEntries(cells), out: JSON.stringify(rule.id) };
  });
  const content = {
    nodes: [
      { id: "in", name: "in", type: "inputNode" },
      {
        id: "table",
        name: "table",
        type: "decisionTableNode",
        content: {
          hitPolicy: "first",
          inputs: fields.map((field) => ({ id: field, name: field, type: "expression", field })),
          outputs: [{ id: "out", name: "out", type: "expression", field: "rule" }],
          rules: rows,
        },
      },
      { id: "out", name: "out", type: "outputNode" },
    ],
    edges: [
      { id: "a", sourceId: "in", targetId: "table", type: "edge" },
      { id: "b", sourceId: "table", targetId: "out", type: "edge" },
    ],
  };
  const decision = new ZenEngine().createDecision(Buffer.from(JSON.stringify(content)));
  return async (facts) => {
    const { result } = await decision.evaluate(facts);
    return (result as { rule?: string } | null)?.rule;
  };
}

function asZen({ operator, value }: Predicate): string {
  switch (operator) {
    case "=":
      return `$ == ${JSON.stringify(value)}`;
    case "!=":
      return `$ != ${JSON.stringify(value)}`;
    case "in":
      return `$ in ${JSON.stringify(value)}`;
    case "between": {
      const [low, high] = value as [number, number];
      return `$ >= ${low} and $ <= ${high}`;
    }
    default:
      return `$ ${operator} ${JSON.stringify(value)}`;
  }
}

/** It knows priorities but no first match, so the event of the highest priority decides. */
export function jsonRulesEngine(rules: readonly Rule[]): Decider {
  const engine = new Engine([], { allowUndefinedFacts: true });
  const order = new Map(rules.map(({ id }, n) => [id as string, n]));
  for (const [n, rule] of rules.entries())
    engine.addRule({
      conditions: { all: predicatesOf(rule).flatMap(asJsonRules) },
      event: { type: rule.id },
      priority: rules.length - n,
    });
  return async (facts) => {
    const { events } = await engine.run(facts);
    return events
      .map(({ type }) => type)
      .sort((a, b) => (order.get(a) as number) - (order.get(b) as number))[0];
  };
}

function asJsonRules({ field, operator, value }: Predicate): NestedCondition[] {
  const one = (name: string, wanted: unknown): NestedCondition => ({
    fact: field,
    operator: name,
    value: wanted,
  });
  switch (operator) {
    case "=":
      return [one("equal", value)];
    case "!=":
      return [one("notEqual", value)];
    case "in":
      return [one("in", value)];
    case ">=":
      return [one("greaterThanInclusive", value)];
    case "<":
      return [one("lessThan", value)];
    case "between": {
      const [low, high] = value as [number, number];
      return [one("greaterThanInclusive", low), one("lessThanInclusive", high)];
    }
    default:
      throw new Error(`not used here: ${operator}`);
  }
}
