import type { PartnerId, RuleId, StepId } from "../ids.ts";
import { compileRules, type Decide, loadRules } from "../rules/compile/compile.ts";
import type { Facts } from "../rules/evaluate.ts";
import type { Rule } from "../rules/rule.ts";
import { after, type CampaignDefinition, type Step, type StepOf, stepOf } from "./definition.ts";

// Where a member comes to from a step: through branches, which take no time, to what has to be done or waited for, or to the end.

export interface Plan {
  /** What takes no time: the branches on the way, and the end. */
  readonly passed: readonly StepId[];
  /** Undefined is the end. */
  readonly step: Exclude<Step, StepOf<"branch">> | undefined;
}

type Steps = Pick<CampaignDefinition, "steps">;

/** `from`: the step to begin with; undefined is the end. */
export function planFrom(definition: Steps, from: StepId | undefined, facts: Facts): Plan {
  const passed: StepId[] = [];
  let step = from === undefined ? undefined : stepOf(definition, from);
  while (step?.type === "branch") {
    // A definition that goes round without a wait is refused; one that was stored all the same must stop nobody.
    if (passed.length > definition.steps.length) return { passed, step: undefined };
    passed.push(step.id);
    step = stepOf(definition, chosenBy(step, facts));
  }
  if (step?.type === "end") passed.push(step.id);
  return { passed, step };
}

/** The first case that holds. */
const chosenBy = (step: StepOf<"branch">, facts: Facts): StepId => {
  const rule = decisionOf(step)(facts);
  return rule === undefined ? step.otherwise : (step.cases[rule.priority]?.next ?? step.otherwise);
};

const decisions = new WeakMap<StepOf<"branch">, Decide>();

/** The cases are compiled like rules, once for all members. */
function decisionOf(step: StepOf<"branch">): Decide {
  const known = decisions.get(step);
  if (known !== undefined) return known;
  const rules = step.cases.map(
    ({ when }, n): Rule => ({
      id: `case-${n}` as RuleId,
      name: `case ${n}`,
      priority: n,
      enabled: true,
      when,
      route: { to: "none" as PartnerId },
    }),
  );
  const decide = loadRules(compileRules(rules).source, rules);
  decisions.set(step, decide);
  return decide;
}

/** Where a member goes on whose wait is over. */
export function afterWait(definition: Steps, step: StepOf<"wait">, isReplied: boolean): StepId | undefined {
  return isReplied && step.on_reply !== undefined ? step.on_reply : after(definition, step);
}
