import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { campaignDecider } from "#domain/campaign/decide.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import type { CampaignEvent } from "#domain/campaign/events.ts";
import { type CampaignState, newCampaign } from "#domain/campaign/state.ts";
import { CampaignId, DeliveryId, MemberId, PartnerId, SourceId, StepId, SubmissionId } from "#domain/ids.ts";
import { PartnerSettings } from "#domain/partner/config.ts";
import type { ConfiguredPartner, ConfiguredPartners } from "#domain/partner/configured.ts";
import { closedAt, isHeldByHours } from "./held-by-hours.ts";

const test = suite("a campaign that waits for partners to open");

const campaign = CampaignId.parse("spring");
const uuid = (n: number): string => `00000000-0000-8000-8000-${`${n}`.padStart(12, "0")}`;
const sealed = { key: "k", iv: "", tag: "", data: "" };
const night = Date.parse("2026-03-02T23:00:00Z");
const definition = CampaignDefinition.parse({
  name: "Spring",
  concurrency: 2,
  steps: [
    { id: "day", type: "send", partner: "day" },
    { id: "always", type: "send", partner: "always" },
  ],
});
const configured: Pick<ConfiguredCampaign, "definition" | "versions"> = {
  definition,
  versions: new Map([[1, definition]]),
};

const member = (n: number): MemberId => MemberId.parse(uuid(n));
const added = (...numbers: readonly number[]): CampaignEvent => ({
  type: "MembersAdded",
  data: {
    campaign,
    members: numbers.map((n) => ({ member_id: member(n), sealed })),
    at: "2026-03-02T12:00:00.000Z",
  },
});
const sendTo = (n: number, step: "day" | "always"): CampaignEvent => ({
  type: "MemberSendRequested",
  data: {
    campaign,
    member_id: member(n),
    was: "pending",
    passed: [],
    version: 1,
    step: StepId.parse(step),
    moves: 1,
    submission_id: SubmissionId.parse(uuid(100 + n)),
    kind: "lead",
    source: SourceId.parse("spring"),
    received_at: "2026-03-02T12:00:00.000Z",
    key_fingerprint: "k",
    route: {
      partner: PartnerId.parse(step),
      delivery_id: DeliveryId.parse(uuid(200 + n)),
      leg: 1,
      remaining: [],
      rule: null,
      ruleset_version: 0,
    },
    sealed,
  },
});
const after = (...events: readonly CampaignEvent[]): CampaignState =>
  events.reduce(campaignDecider.evolve, newCampaign());

const open = [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" }];
const partners = (standing: ConfiguredPartner["standing"] = "active"): ConfiguredPartners =>
  new Map(
    Object.entries({ day: { schedule: { time_zone: "UTC", open } }, always: {} }).map(([name, settings]) => [
      PartnerId.parse(name),
      { config: PartnerSettings.parse({ name, ...settings }), version: 1, delivery: undefined, standing },
    ]),
  );

const isHeld = (state: CampaignState, now = night, all = partners()): boolean =>
  isHeldByHours(configured, state, closedAt(all, now), now);

test("is held while all who are at work are sent to by one that is closed", () => {
  assert.ok(isHeld(after(added(1), sendTo(1, "day"))));
  assert.not.ok(isHeld(after(added(1), sendTo(1, "day")), night - 12 * 3_600_000), "it is open at eleven");
  assert.not.ok(isHeld(after(added(1, 2), sendTo(1, "day"), sendTo(2, "always"))), "another one is not");
  assert.not.ok(isHeld(newCampaign()), "nobody is at work");
});

test("is not while somebody else could begin, and is where there is no slot for that", () => {
  assert.not.ok(isHeld(after(added(1, 2), sendTo(1, "day"))));
  assert.ok(isHeld(after(added(1, 2, 3), sendTo(1, "day"), sendTo(2, "day"))));
});

test("is not where the partner is paused as well: nobody opens it in the morning", () => {
  assert.not.ok(isHeld(after(added(1), sendTo(1, "day")), night, partners("paused")));
});

test.run();
