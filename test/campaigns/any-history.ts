// A campaign to which anything may happen: owners that crash or have lost it without knowing, replies that come twice, clocks that jump,
// definitions that change while members are in the middle, moves that were planned before something else happened.
import { type CampaignCommand, campaignDecider, type Move } from "#domain/campaign/decide.ts";
import { after, CampaignDefinition, type Step, stepOf } from "#domain/campaign/definition.ts";
import type { CampaignEvent, Left } from "#domain/campaign/events.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import { afterWait, planFrom } from "#domain/campaign/plan.ts";
import { type CampaignState, endOfWait } from "#domain/campaign/state.ts";
import type { Sealed } from "#domain/event.ts";
import { CampaignId, DeliveryId, MemberId, PartnerId, SourceId, StepId, SubmissionId } from "#domain/ids.ts";

export const campaign = CampaignId.parse("c");
export const sealed: Sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const idOf = (n: number): string => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
export const members = Array.from({ length: 6 }, (_, n) => MemberId.parse(idOf(n)));
export const CONCURRENCY = 2;

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
  [
    2,
    definition([
      { id: "s", type: "send", partner: "q", next: "z" },
      { id: "late", type: "wait", for: "5s", next: "z" },
    ]),
  ],
]);
const into = (step: string): StepId => StepId.parse(step);
/** What was sent again is waited for instead; what was analysed is sent. */
const MIGRATION = { b: into("late"), again: into("late"), s: into("s") };

/** An owner: a state folded from the log up to somewhere. One that is behind has lost the campaign, and the store refuses it. */
interface Owner {
  state: CampaignState;
  seen: number;
}

export class World {
  readonly log: CampaignEvent[] = [];
  readonly owners: Owner[] = [this.#fresh(), this.#fresh()];
  now = 1_000_000;
  newest = 1;
  /** Moves that are made later, when they may be out of date. */
  readonly #planned: Move[] = [];
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

  goOnLater(n: number, id: MemberId): void {
    const member = this.owners[n]?.state.members.get(id);
    const plan = member && this.#plan(member);
    if (member !== undefined && plan !== undefined)
      this.#planned.push(this.#move(id, member, plan.left, plan.from));
  }

  makePlannedMove(n: number): void {
    const move = this.#planned.shift();
    if (move !== undefined) this.ask(n, move);
  }

  migrate(n: number): void {
    if (this.newest === 2) this.ask(n, { type: "migrate", campaign, version: 2, steps: MIGRATION });
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
