// A stream that an earlier release has written, with what it knew of it on the way: campaigns that it began go on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MemberId } from "../ids.ts";
import { campaignDecider } from "./decide.ts";
import { type CampaignEvent, campaignEvents, type MemberStatus } from "./events.ts";
import type { Member } from "./member-state.ts";
import { activeIn, type CampaignState } from "./state.ts";

const test = suite("a recorded campaign");

type SeenMember = Omit<Member, "replied" | "is_to_send"> & { readonly id: MemberId; readonly reply?: string };
interface Seen {
  readonly revision: number;
  readonly migrated: number;
  readonly import: unknown;
  readonly messages: readonly string[];
  readonly members: readonly SeenMember[];
  readonly waiting: number;
  readonly fresh: readonly MemberId[];
  readonly toSend: readonly MemberId[];
  readonly toWork: readonly MemberId[];
  readonly working: readonly MemberId[];
}
const path = join(import.meta.dirname, "fixtures/recorded-stream.json");
const recorded = JSON.parse(readFileSync(path, "utf8")) as {
  events: CampaignEvent[];
  seen: Seen[];
};
const events = recorded.events.map(({ type, data }) => {
  const event = { type, data: campaignEvents[type].schema.parse(data) } as CampaignEvent;
  assert.equal(event.data, data, "nothing of it is unknown");
  return event;
});

const isOver = (status: MemberStatus, isDead: boolean | undefined): boolean =>
  status === "done" || status === "cancelled" || (status === "failed" && isDead !== true);

/** What earlier releases kept of who has ended means nothing; replies were kept themselves. */
function asKnownNow({ id, reply, sent_as, redrives, is_dead, ...seen }: SeenMember): unknown {
  const over = isOver(seen.status, is_dead);
  return {
    id,
    ...seen,
    redrives: over ? 0 : redrives,
    ...(is_dead && { is_dead }),
    ...(!over && sent_as !== undefined && { sent_as }),
    ...(!over && reply !== undefined && { reply }),
  };
}

function knownOf([id, { replied, is_to_send: _, ...member }]: [MemberId, Member]): unknown {
  const event = replied === undefined ? undefined : events[replied];
  return { id, ...member, ...(event?.type === "MemberReplied" && { reply: event.data.sealed.data }) };
}

const sorted = (...ids: Iterable<MemberId>[]): MemberId[] => ids.flatMap((some) => [...some]).sort();

function checkAsSeen(state: CampaignState, seen: Seen): void {
  const { members } = state;
  assert.equal([...members].map(knownOf), seen.members.map(asKnownNow));
  assert.equal([...state.messages], seen.messages);
  assert.equal([state.migrated, state.import ?? null], [seen.migrated, seen.import]);
  assert.is(members.waiting, seen.waiting);
  assert.equal(sorted(members.fresh), seen.fresh);
  assert.equal(sorted(members.working), seen.working);
  // A reply took those who were ready to be sent to out of the one queue into the other.
  assert.equal(sorted(members.toSend, members.toWork), [...seen.toSend, ...seen.toWork].sort());
}

test("is known as it was when it was written", () => {
  const state = campaignDecider.initial;
  const looks = new Map(recorded.seen.map((seen) => [seen.revision, seen]));
  for (const event of events) {
    campaignDecider.evolve(state, event);
    const seen = looks.get(state.revision);
    if (seen !== undefined) checkAsSeen(state, seen);
    looks.delete(state.revision);
  }
  assert.is(looks.size, 0);
});

test("goes on: each that has not ended comes to one end", () => {
  const ended = events.findIndex(({ type }) => type === "MembersCancelled");
  const state = campaignDecider.initial;
  for (const event of events.slice(0, ended)) campaignDecider.evolve(state, event);
  const active = activeIn(state);
  assert.ok(active > 0);
  let ends = 0;
  for (const [id, { status, moves, step }] of [...state.members]) {
    if (status !== "pending" && status !== "working" && status !== "waiting") continue;
    const left =
      step === undefined || status === "pending" ? undefined : ({ step, how: "timed_out" } as const);
    const about = { type: "move", campaign: "recorded" as never, member_id: id, was: status, moves } as const;
    const move = { ...about, left, passed: [], to: undefined, concurrency: 6, at: Number.MAX_SAFE_INTEGER };
    const decision = campaignDecider.decide(move, state);
    if (!decision.accepted) {
      assert.is(decision.reason, "replied_meanwhile");
      continue;
    }
    for (const event of decision.events) campaignDecider.evolve(state, event);
    assert.is(campaignDecider.decide(move, state).accepted, false);
    ends += 1;
  }
  assert.is(activeIn(state), active - ends);
  assert.ok(ends > 0);
});

test.run();
