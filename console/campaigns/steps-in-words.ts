// What each step does, and where it leads, as a person would say it.
import { groupInWords } from "../rules/in-words.ts";
import type { Step } from "./shapes.ts";

export function stepInWords(step: Step): string {
  switch (step.type) {
    case "send":
      return `Send through ${step.partner}`;
    case "wait":
      return step.for === undefined
        ? `Wait until ${step.until ?? "it is told to go on"}`
        : `Wait ${step.for}`;
    case "analyze":
      return `Find the sentiment by ${step.service}`;
    case "branch":
      return "Branch";
    case "submit":
      return `Submit as ${step.kind}`;
    case "end":
      return "End";
  }
}

export interface Way {
  readonly when: string;
  /** Undefined for the end. */
  readonly to: string | undefined;
}

/** Every way out of a step. */
export function waysOf(steps: readonly Step[], step: Step): readonly Way[] {
  if (step.type === "end") return [];
  if (step.type === "branch")
    return [
      ...step.cases.map(({ when, next }) => ({ when: `if ${groupInWords(when)}`, to: next })),
      { when: "otherwise", to: step.otherwise },
    ];
  const to = step.next ?? steps[steps.indexOf(step) + 1]?.id;
  const reply =
    step.type === "wait" && step.on_reply !== undefined ? [{ when: "on a reply", to: step.on_reply }] : [];
  return [...reply, { when: "then", to }];
}
