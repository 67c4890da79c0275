// Random histories: owners that crash or have lost the campaign without knowing it, replies that come twice, clocks that jump, definitions
// that change. Every member comes to exactly one end, and each send is asked for once.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "../event.ts";
import { CampaignId, DeliveryId, MemberId, PartnerId, SourceId, type StepId, SubmissionId } from "../ids.ts";
import { type CampaignCommand, campaignDecider, type Move } from "./decide.ts";
import { after, CampaignDefinition, type Step, stepOf } from "./definition.ts";
import type { CampaignEvent, Left } from "./events.ts";
import { afterWait, planFrom } from "./plan.ts";
import { activeIn, type CampaignState, endOfWait, type Member } from "./state.ts";

const test = suite("any history of a campaign");

const campaign = CampaignId.parse("c");
const sealed: Sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const idOf = (n: number): string => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
const members = Array.from({ length: 6 }, (_, n) => MemberId.parse(idOf(n)));
const CONCURRENCY = 2;

const when = { combinator: "and", rules: [{ field: "late", operator: "=", value: true }] };
const definition = (more: object[]) =>
  CampaignDefinition.parse({
    name: "c",
    concurrency: CONCURRENCY,
    steps: [
      { id: "a", type: "send", partner: "p" },
      { id: "b", type: "wait", for: "10s", on_reply: "s" },
      { id: "t", type: "branch", cases: [{ when, next: "z" }], otherwise: "again" },
      { id: "again", type: "send", partner: "p", next: "z" },
      ...more,
      { id: "z", type: "end" },
    ],
  });
const versions = new Map([
  [1, definition([{ id: "s", type: "analyze", service: "w", next: "z" }])],
  [2, definition([{ id: "s", type: "send", partner: "q", next: "z" }])],
]);

/** An owner: a state folded from the log up to somewhere. One that is behind has lost the campaign, and the store refuses it. */
interface Owner {
  state: CampaignState;
  seen: number;
}

class World {
  readonly log: CampaignEvent[] = [];
  readonly owners: Owner[] = [this.#fresh(), this.#fresh()];
  now = 1_000_000;
  newest = 1;
  /** What the provider was asked for: by member, step and the count of moves that is part of the send's id. */
  readonly sends: string[] = [];

  #fresh(): Owner {
    return { state: campaignDecider.initial, seen: 0 };
  }

  catchUp(n: number): Owner {
    const owner = this.owners[n] as Owner;
    for (; owner.seen < this.log.length; owner.seen += 1)
      campaignDecider.evolve(owner.state, this.log[owner.seen] as CampaignEvent);
    return owner;
  }

  passes(ms: number): void {
    this.now += ms;
  }

  redefine(): void {
    this.newest = 2;
  }

  crash(n: number): void {
    this.owners[n] = this.#fresh();
  }

  /** Stored only where the owner knows all that is: the expected revision. A refused one reads the stream again. */
  ask(n: number, command: CampaignCommand): void {
    const owner = this.owners[n] as Owner;
    const decision = campaignDecider.decide(command, owner.state);
    if (!decision.accepted) return;
    if (owner.seen !== this.log.length) {
      this.crash(n);
      return;
    }
    this.log.push(...decision.events);
    this.catchUp(n);
    for (const event of decision.events)
      if (event.type === "MemberSendRequested")
        this.sends.push(`${event.data.member_id} ${event.data.step} ${event.data.moves}`);
  }

  goOn(n: number, id: MemberId): void {
    const { state } = this.owners[n] as Owner;
    const member = state.members.get(id);
    const plan = member && this.#plan(member);
    if (member !== undefined && plan !== undefined) this.ask(n, this.#move(id, member, plan.left, plan.from));
  }

  #plan(member: Member): { left?: Left | undefined; from: StepId | undefined } | undefined {
    const own = versions.get(member.version || this.newest) as CampaignDefinition;
    if (member.status === "pending") return { from: member.step ?? own.steps[0]?.id };
    const step = member.step && stepOf(own, member.step);
    if (step === undefined) return undefined;
    if (member.status === "working") {
      const { work } = member;
      const left: Left =
        work?.type === "send"
          ? { step: step.id, how: "sent", submission_id: work.submission_id }
          : { step: step.id, how: "analysed", sentiment: "neutral" };
      return { left, from: after(own, step) };
    }
    const how = endOfWait(member, this.now);
    if (how === undefined) return undefined;
    const from = step.type === "wait" ? afterWait(own, step, how === "replied") : after(own, step);
    return { left: { step: step.id, how }, from };
  }

  #move(id: MemberId, member: Member, left: Left | undefined, from: StepId | undefined): Move {
    const version = member.version || this.newest;
    const own = versions.get(version) as CampaignDefinition;
    const { passed, step } = planFrom(own, from, { late: this.now % 2 === 0 });
    const was = member.status as Move["was"];
    const about = { type: "move", campaign, member_id: id, was, moves: member.moves, left, passed } as const;
    const to = step === undefined || step.type === "end" ? undefined : this.#to(step, version, member, id);
    return { ...about, to, concurrency: CONCURRENCY, at: this.now };
  }

  #to(step: Step, version: number, member: Member, id: MemberId): Move["to"] {
    const place = { version, step: step.id };
    if (step.type === "wait") {
      const due_at = new Date(this.now + 10_000).toISOString();
      return { type: "wait", ...place, due_at, ends_by_reply: true };
    }
    if (step.type === "analyze") return { type: "analyze", ...place, service: step.service };
    const submission_id = SubmissionId.parse(id);
    const partner = PartnerId.parse("p");
    const route = {
      partner,
      delivery_id: DeliveryId.parse(id),
      leg: 1,
      remaining: [],
      rule: null,
      ruleset_version: 0,
    };
    const about = {
      kind: "lead",
      source: SourceId.parse("c"),
      received_at: new Date(0).toISOString(),
    } as const;
    return {
      type: "send",
      ...place,
      submission_id,
      ...about,
      key_fingerprint: `${member.moves}`,
      route,
      sealed,
    };
  }
}

const n = fc.nat(1);
const one = fc.constantFrom(...members);
type Action = (world: World) => void;
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) =>
          w.goOn(at, id),
    ),
  },
  {
    weight: 3,
    arbitrary: n.map(
      (at): Action =>
        (w) =>
          void w.catchUp(at),
    ),
  },
  {
    weight: 1,
    arbitrary: n.map(
      (at): Action =>
        (w) =>
          w.crash(at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: -5_000, max: 12_000 }).map(
      (ms): Action =>
        (w) =>
          w.passes(ms),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(n, one, fc.constantFrom("x", "y")).map(
      ([at, id, message]): Action =>
        (w) =>
          w.ask(at, {
            type: "reply",
            campaign,
            member_id: id,
            message: `${id}${message}`,
            sealed,
            at: new Date(0).toISOString(),
          }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(n, fc.subarray(members)).map(
      ([at, some]): Action =>
        (w) =>
          w.ask(at, {
            type: "add",
            campaign,
            members: some.map((member_id) => ({ member_id, sealed })),
            at: new Date(0).toISOString(),
          }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) => {
          const moves = w.owners[at]?.state.members.get(id)?.moves ?? 0;
          w.ask(at, { type: "fail", campaign, member_id: id, moves, reason: "r", attempts: 1, dead: true });
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) =>
          w.ask(at, { type: "redrive", campaign, member_id: id }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Action>((w) => w.redefine()) },
);

test("everybody comes to exactly one end, no more are worked on than allowed, and no send is asked for twice", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => {
      const world = new World();
      for (const act of actions) {
        act(world);
        const newest = world.owners.find(({ seen }) => seen === world.log.length);
        if (newest !== undefined) assert.ok(newest.state.working.size <= CONCURRENCY);
      }
      // Whatever happened, one owner that goes on brings everybody to an end.
      const { state } = world.catchUp(0);
      for (let round = 0; activeIn(state) > 0; round += 1) {
        assert.ok(round < 50, "somebody never ends");
        world.now += 11_000;
        for (const id of state.members.keys()) world.goOn(0, id);
      }
      assert.is(new Set(world.sends).size, world.sends.length);
      const ends = world.log.filter(({ type }) => type === "MemberDone");
      const failed = [...state.members.values()].filter(({ status }) => status === "failed");
      assert.is(ends.length + failed.length, state.members.size);
      const messages = world.log.flatMap((event) =>
        event.type === "MemberReplied" ? [event.data.message] : [],
      );
      assert.is(new Set(messages).size, messages.length);
      const waits = world.log.filter(({ type }) => type === "MemberWaiting").length;
      const over = world.log.filter(
        ({ data }) => "left" in data && (data.left?.how === "timed_out" || data.left?.how === "replied"),
      ).length;
      assert.ok(over <= waits);
    }),
    { numRuns: 400 },
  );
});

test("whoever reads the stream anew knows what the owner knew", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
      const world = new World();
      for (const act of actions) act(world);
      const before = world.catchUp(0).state;
      world.crash(1);
      const anew = world.catchUp(1).state;
      assert.equal([...anew.members].sort(), [...before.members].sort());
      assert.equal([anew.working, anew.fresh, anew.waiting], [before.working, before.fresh, before.waiting]);
    }),
    { numRuns: 100 },
  );
});

test.run();
