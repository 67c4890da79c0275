import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import { type CampaignState, newCampaign } from "#domain/campaign/state.ts";
import { MemberId } from "#domain/ids.ts";
import { hasWork } from "./pace.ts";

const test = suite("whether a campaign has work");

const id = MemberId.parse("00000000-0000-8000-8000-000000000001");
const noon = Date.parse("2026-03-02T12:00:00Z");
const definition = CampaignDefinition.parse({ name: "Spring", steps: [{ id: "over", type: "end" }] });
const running: ConfiguredCampaign = {
  standing: "running",
  version: 1,
  definition,
  versions: new Map([[1, definition]]),
  migrations: [],
};
const state = (change: (state: CampaignState) => void): CampaignState => {
  const made = newCampaign();
  change(made);
  return made;
};
const importing = (standing: "running" | "done"): CampaignState =>
  state((made) => {
    made.import = { id: "i", state: standing, pages: 1, request: { key: "k", iv: "", tag: "", data: "" } };
  });
const pending = state(({ fresh }) => void fresh.add(id));

test("it has while somebody is at work or may begin, and while members come in", () => {
  for (const one of [
    pending,
    state(({ toSend }) => void toSend.add(id)),
    state(({ toWork }) => void toWork.add(id)),
    state(({ working }) => void working.add(id)),
    importing("running"),
  ])
    assert.ok(hasWork(running, one, noon));
  assert.not.ok(hasWork(running, newCampaign(), noon));
  assert.not.ok(hasWork(running, importing("done"), noon));
});

test("who waits is no work before the wait is over", () => {
  const waiting = state(({ due }) => due.push({ at: noon, id, moves: 1 }));
  assert.not.ok(hasWork(running, waiting, noon - 1));
  assert.ok(hasWork(running, waiting, noon));
});

test("it has none while it is paused, nor in its quiet hours", () => {
  assert.not.ok(hasWork({ ...running, standing: "paused" }, pending, noon));
  const hours = [{ days: ["mon"], from: "11:00", to: "13:00" }];
  const quiet = CampaignDefinition.parse({ ...definition, quiet: { time_zone: "UTC", hours } });
  assert.not.ok(hasWork({ ...running, definition: quiet }, pending, noon));
  assert.ok(hasWork({ ...running, definition: quiet }, pending, noon + 3_600_000));
});

test.run();
