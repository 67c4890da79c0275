import { submissionMachine } from "./machine.ts";

/** The machine as Mermaid draws it, for the docs: one arrow for all events that lead the same way. */
export function diagram(): string {
  const arrows = new Map<string, string[]>();
  const arrow = (from: string, to: string, label: string): void => {
    const way = `${from} --> ${to}`;
    arrows.set(way, [...(arrows.get(way) ?? []), label]);
  };
  arrow("[*]", "received", "SubmissionReceived");
  for (const [status, node] of Object.entries(submissionMachine.states)) {
    if (status === "expected") continue;
    for (const { eventType, target, guard } of node.ownEvents.flatMap(
      (type) => node.transitions.get(type) ?? [],
    )) {
      const to = target?.[0]?.key;
      // What leaves it where it is would only hide the rest.
      if (to !== undefined && to !== status)
        arrow(status, to, guard ? `${eventType} (${guardName(guard)})` : eventType);
    }
    if (node.type === "final") arrow(status, "[*]", "");
  }
  const lines = Array.from(arrows, ([way, labels]) => {
    const label = labels.filter((one) => one !== "").join("<br>");
    return `  ${way}${label === "" ? "" : `: ${label}`}`;
  });
  return ["stateDiagram-v2", ...lines].join("\n");
}

const guardName = (guard: unknown): string => (typeof guard === "string" ? guard : "guarded");
