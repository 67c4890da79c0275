import type { ConfigError } from "../partner/config-error.ts";
import { templateErrors } from "../partner/template-errors.ts";
import { after, type CampaignDefinition, type Step } from "./definition.ts";
import { quietErrors } from "./quiet.ts";

// The steps of a campaign as a graph: every step can be reached, every one leads to an end, and nobody goes round without waiting.

interface Edge {
  /** Where in the definition it stands. */
  readonly path: string;
  /** Undefined is the end. */
  readonly to: string | undefined;
}

type Steps = Pick<CampaignDefinition, "steps">;

function edgesOf(definition: Steps, step: Step, n: number): Edge[] {
  const path = `steps.${n}`;
  const onward = { path: `${path}.next`, to: after(definition, step) };
  switch (step.type) {
    case "end":
      return [{ path, to: undefined }];
    case "branch":
      return [
        ...step.cases.map(({ next }, at) => ({ path: `${path}.cases.${at}.next`, to: next })),
        { path: `${path}.otherwise`, to: step.otherwise },
      ];
    case "wait":
      return [
        onward,
        ...(step.on_reply === undefined ? [] : [{ path: `${path}.on_reply`, to: step.on_reply }]),
      ];
    case "send":
    case "analyze":
    case "submit":
      return [onward];
  }
}

/** Why a campaign can't run as it is defined, whoever its partners are. */
export function definitionErrors(definition: CampaignDefinition): ConfigError[] {
  const { steps } = definition;
  const own = [...steps.flatMap((step, n) => stepErrors(step, n)), ...quietErrors(definition.quiet)];
  const named = [...namedTwice(steps), ...missingTargets(definition)];
  // What leads nowhere makes no graph that could be looked at.
  return [...own, ...named, ...(named.length === 0 ? shapeErrors(definition) : [])];
}

function stepErrors(step: Step, n: number): ConfigError[] {
  const path = `steps.${n}`;
  if (step.type === "wait" && (step.for === undefined) === (step.until === undefined))
    return [{ path, message: "needs either for or until" }];
  if (step.type === "send") return templateErrors(`${path}.template`, step.template);
  if (step.type === "submit") return templateErrors(`${path}.fields`, step.fields);
  return [];
}

function namedTwice(steps: readonly Step[]): ConfigError[] {
  return steps.flatMap(({ id }, n) =>
    steps.findIndex((one) => one.id === id) < n
      ? [{ path: `steps.${n}.id`, message: `is the id of an earlier step too: ${id}` }]
      : [],
  );
}

function missingTargets(definition: Steps): ConfigError[] {
  const ids = new Set<string>(definition.steps.map(({ id }) => id));
  return definition.steps.flatMap((step, n) =>
    edgesOf(definition, step, n).flatMap(({ path, to }) =>
      to === undefined || ids.has(to) ? [] : [{ path, message: `names no step of this campaign: ${to}` }],
    ),
  );
}

function shapeErrors(definition: Steps): ConfigError[] {
  const { steps } = definition;
  const edges = new Map<string, readonly Edge[]>(
    steps.map((step, n) => [step.id, edgesOf(definition, step, n)]),
  );
  const onward = (id: string): string[] => (edges.get(id) ?? []).flatMap(({ to }) => to ?? []);
  const reached = reachable([steps[0]?.id ?? ""], onward);
  const unreachable = steps.flatMap(({ id }, n) =>
    reached.has(id) ? [] : [{ path: `steps.${n}`, message: `can never be reached: no step leads to ${id}` }],
  );
  const withoutWaits = (id: string): string[] =>
    steps.find((step) => step.id === id)?.type === "wait" ? [] : onward(id);
  const restless = steps.flatMap(({ id, type }, n) =>
    type !== "wait" && reachable(withoutWaits(id), withoutWaits).has(id)
      ? [{ path: `steps.${n}`, message: `comes back to itself without a wait on the way: ${id}` }]
      : [],
  );
  const isEnding = (id: string): boolean => (edges.get(id) ?? []).some(({ to }) => to === undefined);
  const endless = steps.flatMap(({ id }, n) =>
    [...reachable([id], onward)].some(isEnding)
      ? []
      : [{ path: `steps.${n}`, message: `leads to no end: whoever comes to ${id} would go round for ever` }],
  );
  return [...unreachable, ...restless, ...endless];
}

function reachable(from: readonly string[], onward: (id: string) => readonly string[]): Set<string> {
  const seen = new Set<string>();
  const left = [...from];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    left.push(...onward(id));
  }
  return seen;
}
