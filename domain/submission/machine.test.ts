import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { initialTransition, transition } from "xstate";
import { getSimplePaths } from "xstate/graph";
import { Reconciliation } from "../partner/events.ts";
import { Stage } from "./events.ts";
import { type LifeEvent, nextStatus, type Status, statuses, submissionMachine } from "./machine.ts";

// Every way through a submission's life, walked on the machine itself; whatever else may happen must be refused.

const plain = [
  "SubmissionReceived",
  "PersonIdentified",
  "SubmissionRouted",
  "SubmissionUnrouted",
  "SubmissionRejected",
  "SubmissionDeadLettered",
  "SubmissionCorrected",
  "SubmissionDiscarded",
  "DeliveryStarted",
  "DeliverySucceeded",
  "DeliveryFailed",
  "DeliveryRejected",
  "DeliveryDuplicated",
  "DeliveryHeld",
  "DeliveryPassedOn",
  "DeliveryReturned",
  "DeliveryDeadLettered",
] as const;
const events: LifeEvent[] = [
  ...plain.map((type) => ({ type })),
  ...Stage.options.map((stage) => ({ type: "SubmissionRedriven" as const, data: { stage } })),
  ...Reconciliation.options.flatMap((outcome) =>
    (["DeliveryReconciled", "SubmissionReconciled"] as const).map((type) => ({ type, data: { outcome } })),
  ),
];

const paths = getSimplePaths(submissionMachine, { events });
const test = suite("the machine of a submission");

test("says the same on every path as the table that hot folds use", () => {
  const visited = new Set<string>();
  for (const { steps } of paths) {
    let [here] = initialTransition(submissionMachine);
    let status: Status | undefined;
    for (const { event } of steps) {
      if ((event.type as string) === "xstate.init") continue;
      for (const other of events) {
        const allowed = here.can(other);
        assert.is(nextStatus(status, other) !== undefined, allowed, `${other.type} in ${status}`);
      }
      [here] = transition(submissionMachine, here, event);
      status = nextStatus(status, event);
      assert.is(status, here.value);
      visited.add(`${here.value}`);
    }
  }
  assert.equal([...visited].sort(), [...statuses].sort(), "every status can be reached");
  assert.ok(paths.length > 100, `${paths.length} paths`);
});

test("lets nothing happen after the end, but for what is given back, or fetched back from the dead letters", () => {
  for (const end of ["duplicate", "unrouted", "returned"] as const) {
    for (const event of events) assert.is(nextStatus(end, event), undefined, `${event.type} in ${end}`);
  }
  const afterDelivery = events.filter((event) => nextStatus("delivered", event) !== undefined);
  assert.equal(afterDelivery, [
    { type: "DeliveryReturned" },
    { type: "SubmissionReconciled", data: { outcome: "delivered" } },
  ]);
  const declined = events.filter((event) => nextStatus("rejected", event) !== undefined);
  assert.equal(declined, [
    { type: "SubmissionCorrected" },
    { type: "SubmissionRedriven", data: { stage: "deliver" } },
  ]);
  const ways = events.filter((event) => nextStatus("dead_lettered", event) !== undefined);
  assert.equal(
    new Set(ways.map(({ type }) => type)),
    new Set([
      "SubmissionRedriven",
      "SubmissionCorrected",
      "SubmissionDiscarded",
      "DeliveryReconciled",
      "SubmissionReconciled",
    ]),
  );
});

test("can come to an end from wherever it is", () => {
  const ends: Status[] = ["delivered", "returned", "duplicate", "rejected", "unrouted", "dead_lettered"];
  for (const from of statuses) {
    const reachable = new Set<Status>([from]);
    for (const status of reachable) {
      for (const event of events) {
        const next = nextStatus(status, event);
        if (next !== undefined) reachable.add(next);
      }
    }
    assert.ok(
      ends.some((end) => reachable.has(end)),
      from,
    );
  }
});

test("is drawn in the docs as it is", () => {
  const docs = readFileSync(new URL("../../docs/actors.md", import.meta.url), "utf8");
  const drawn = /```mermaid\n(stateDiagram-v2\n[\s\S]*?)```/.exec(docs)?.[1]?.trim();
  assert.is(drawn, diagram(), `docs/actors.md should hold:\n\n${diagram()}\n`);
});

/** The machine as Mermaid draws it: one arrow for all events that lead the same way. */
function diagram(): string {
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
        arrow(status, to, typeof guard === "string" ? `${eventType} (${guard})` : eventType);
    }
    if (node.type === "final") arrow(status, "[*]", "");
  }
  const lines = Array.from(arrows, ([way, labels]) => {
    const label = labels.filter((one) => one !== "").join("<br>");
    return `  ${way}${label === "" ? "" : `: ${label}`}`;
  });
  return ["stateDiagram-v2", ...lines].join("\n");
}

test.run();
