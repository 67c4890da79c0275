// The campaign of a simulation, and what it is changed into while members are in the middle.
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import { CampaignId, StepId } from "#domain/ids.ts";

export const campaign = CampaignId.parse("c");

const send = (id: string, next?: string) => ({
  id,
  type: "send",
  partner: "steady",
  template: { text: id },
  ...(next && { next }),
});
const when = { combinator: "and", rules: [{ field: "sentiment", operator: "=", value: "positive" }] };
const definitionOf = (...late: object[]): CampaignDefinition =>
  CampaignDefinition.parse({
    name: "c",
    concurrency: 3,
    rate: { per_second: 20 },
    steps: [
      send("hello"),
      { id: "listen", type: "wait", for: "3s", on_reply: "sense" },
      send("again", "over"),
      { id: "sense", type: "analyze", service: "words" },
      { id: "sort", type: "branch", cases: [{ when, next: "thanks" }], otherwise: "over" },
      send("thanks", "over"),
      ...late,
      { id: "over", type: "end" },
    ],
  });
export const FIRST = definitionOf();
export const SECOND = definitionOf({ id: "rest", type: "wait", for: "2s" }, send("last"));
export const MIGRATION = { listen: StepId.parse("rest"), again: StepId.parse("last") };
