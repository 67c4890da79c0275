import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import { type CampaignState, newCampaign } from "#domain/campaign/state.ts";
import { MemberId, StepId } from "#domain/ids.ts";
import { unlimited } from "#platform/token-bucket.ts";
import { hasWork, paceOf } from "./pace.ts";

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
const somebody = (is: Partial<Member> = {}): CampaignState =>
  state(({ members }) => {
    members.startAdding(0);
    members.add(id);
    members.put(id, { ...(members.get(id) as Member), ...is });
  });
const step = StepId.parse("over");
const pending = somebody();

test("it has while somebody is at work or may begin, and while members come in", () => {
  for (const one of [
    pending,
    somebody({ step, is_to_send: true }),
    somebody({ step }),
    somebody({ step, status: "working", work: { type: "analyze" } }),
    importing("running"),
  ])
    assert.ok(hasWork(running, one, noon));
  assert.not.ok(hasWork(running, newCampaign(), noon));
  assert.not.ok(hasWork(running, importing("done"), noon));
});

test("who waits is no work before the wait is over", () => {
  const waiting = somebody({ step, status: "waiting", wait: { due: noon, ends_by_reply: true } });
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

test("a pause limits it as long as anybody is left, also where all only wait", () => {
  const limitOf = (configured: ConfiguredCampaign, one: CampaignState): string | null =>
    paceOf(configured, one, { now: noon, bucket: unlimited, perSecond: 0, oldestSendMs: 0 }).limited_by;
  const paused: ConfiguredCampaign = { ...running, standing: "paused" };
  const waiting = somebody({ step, status: "waiting", wait: { due: noon + 1, ends_by_reply: true } });
  const working = somebody({ step, status: "working", work: { type: "analyze" } });
  for (const one of [pending, waiting, working]) assert.is(limitOf(paused, one), "paused");
  assert.is(limitOf(running, waiting), null);
  assert.is(limitOf(paused, newCampaign()), null);
  assert.is(limitOf(paused, somebody({ step, status: "done" })), null);
});

test.run();
