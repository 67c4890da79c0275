import { suite } from "uvu";
import * as assert from "uvu/assert";
import { campaignDecider } from "#domain/campaign/decide.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import type { CampaignEvent } from "#domain/campaign/events.ts";
import type { CampaignState } from "#domain/campaign/state.ts";
import { CampaignId, MemberId, StepId } from "#domain/ids.ts";
import { choose } from "./candidates.ts";

const test = suite("who goes on next");

const campaign = CampaignId.parse("c");
const definition = CampaignDefinition.parse({
  name: "c",
  concurrency: 100,
  steps: [
    { id: "rest", type: "wait", for: "1h" },
    { id: "mail", type: "send", partner: "p" },
  ],
});
const [rest, mail] = [StepId.parse("rest"), StepId.parse("mail")];
const NOON = Date.parse("2026-03-02T12:00:00Z");
const HOUR_MS = 3_600_000;
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const idOf = (n: number): MemberId => MemberId.parse(`00000000-0000-8000-8000-${`${n}`.padStart(12, "0")}`);

function campaignOf(count: number, ...events: CampaignEvent[]): CampaignState {
  const members = Array.from({ length: count }, (_, n) => ({ member_id: idOf(n), sealed }));
  const added: CampaignEvent = {
    type: "MembersAdded",
    data: { campaign, members, at: new Date(NOON).toISOString() },
  };
  return [added, ...events].reduce(campaignDecider.evolve, campaignDecider.initial);
}
const waits = (n: number, due: number, ends_by_reply = false): CampaignEvent => ({
  type: "MemberWaiting",
  data: {
    campaign,
    member_id: idOf(n),
    was: "pending",
    passed: [],
    version: 1,
    step: rest,
    moves: 1,
    due_at: new Date(due).toISOString(),
    ends_by_reply,
  },
});
const isReady = (n: number, sends: boolean): CampaignEvent => ({
  type: "MemberReady",
  data: { campaign, member_id: idOf(n), was: "pending", passed: [], version: 1, step: mail, sends },
});
const replies = (n: number): CampaignEvent => ({
  type: "MemberReplied",
  data: { campaign, member_id: idOf(n), message: `m${n}`, sealed, at: new Date(NOON).toISOString() },
});
const chosen = (state: CampaignState, now: number, canSend = true): MemberId[] =>
  choose(state, definition, { canSend, now }).map(({ id }) => id);

test("those whose wait is over, as many as there are slots, the earliest first", () => {
  const state = campaignOf(300, ...Array.from({ length: 300 }, (_, n) => waits(n, NOON + 300 - n)));
  const first = chosen(state, NOON + HOUR_MS);
  assert.is(first.length, 100);
  assert.is(first[0], idOf(299));
  assert.is(chosen(state, NOON + HOUR_MS)[0], idOf(199));
});

test("a clock that is set back wakes nobody early, and whoever could not go on is not forgotten", () => {
  const state = campaignOf(1, waits(0, NOON));
  assert.equal(chosen(state, NOON - 1), []);
  assert.equal(chosen(state, NOON + HOUR_MS), [idOf(0)]);
  // Its move was not stored, and by now the clock says that it waits for another hour.
  state.members.wakeAt(idOf(0), NOON - HOUR_MS);
  assert.equal(chosen(state, NOON - HOUR_MS + 1), []);
  assert.equal(chosen(state, NOON - 1), []);
  assert.equal(chosen(state, NOON), [idOf(0)]);
});

test("a clock that is set forward wakes each once", () => {
  const state = campaignOf(2, waits(0, NOON), waits(1, NOON + 24 * HOUR_MS));
  assert.equal(chosen(state, NOON + 48 * HOUR_MS), [idOf(0), idOf(1)]);
  assert.equal(chosen(state, NOON + 48 * HOUR_MS), []);
});

test("who is ready to be sent to stays so when it replies, and is left alone while nothing may be sent", () => {
  const state = campaignOf(1, isReady(0, true), replies(0));
  assert.is(state.members.toSend.size, 1);
  assert.equal(chosen(state, NOON, false), []);
  assert.equal(chosen(state, NOON), [idOf(0)]);
});

test("nobody goes on by a reply that was planned for and never stored", () => {
  const ends = {
    type: "move",
    campaign,
    member_id: idOf(0),
    was: "waiting",
    moves: 1,
    left: { step: rest, how: "replied" },
    passed: [],
    to: undefined,
    concurrency: 1,
    at: NOON,
  } as const;
  const decide = (state: CampaignState) => campaignDecider.decide(ends, state);
  assert.equal(decide(campaignOf(1, waits(0, NOON + HOUR_MS, true))), {
    accepted: false,
    reason: "not_replied",
  });
  assert.ok(decide(campaignOf(1, waits(0, NOON + HOUR_MS, true), replies(0))).accepted);
});

test.run();
