// One campaign of the simulation: the production actor owns it, members come in and reply as through a gateway, and every send goes to a
// partner of its own. Submitting steps are not in it: they need a gateway.

import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import { campaignStream } from "#domain/campaign/events.ts";
import type { CampaignRequest } from "#domain/campaign/request.ts";
import { AnalysisServiceId, CampaignId, type MemberId } from "#domain/ids.ts";
import { memberContext, memberKey } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { campaignRequestSubject } from "#platform/bus/subjects.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { pause } from "#platform/retry.ts";
import type { Yard } from "#platform/yard.ts";
import { type CampaignActor, startCampaignActor } from "../../services/campaigns/actor.ts";
import { createAnalysis } from "../../services/campaigns/analysis.ts";
import { replyTo } from "../../services/campaigns/owner-requests.ts";
import type { SnapshotsOfCampaign } from "../../services/campaigns/snapshots.ts";
import { memberIdOf } from "../../services/gateway/campaigns/members.ts";
import { campaignOwner } from "../../services/gateway/campaigns/owner.ts";
import type { Random } from "../harness/random.ts";
import { inProcess, type Process, schedule } from "./clock.ts";
import type { SimulatedLog } from "./event-store.ts";
import type { EffectsOf } from "./invariants.ts";
import type { Work } from "./leases.ts";
import { signature, vault } from "./parts.ts";

const CAMPAIGN = CampaignId.parse("spring");
const WORDS = AnalysisServiceId.parse("words");
const PARTNER = "mails";
const CONCURRENCY = 2;
const MAX_MEMBERS = 5;
const ADDED_WITHIN_MS = 3_000;
const REPLIED_WITHIN_MS = 8_000;
const AGAIN_MS = 300;
const glad = { combinator: "and", rules: [{ field: "sentiment", operator: "=", value: "positive" }] };
const definition = CampaignDefinition.parse({
  name: "Spring",
  concurrency: CONCURRENCY,
  steps: [
    { id: "hello", type: "send", partner: PARTNER, template: { text: "Hello {{full_name}}" } },
    { id: "listen", type: "wait", for: "2s", on_reply: "sense" },
    { id: "remind", type: "send", partner: PARTNER, template: { text: "Again" } },
    { id: "silent", type: "end" },
    { id: "sense", type: "analyze", service: WORDS },
    { id: "sort", type: "branch", otherwise: "over", cases: [{ when: glad, next: "thanks" }] },
    { id: "thanks", type: "send", partner: PARTNER, template: { text: "Thanks" } },
    { id: "over", type: "end" },
  ],
});
const configured: ConfiguredCampaign = {
  standing: "running",
  version: 1,
  definition,
  versions: new Map([[1, definition]]),
  migrations: [],
};
/** Its few events are read from the beginning; test/campaigns has the simulation with snapshots. */
const NO_SNAPSHOTS: SnapshotsOfCampaign = {
  newest: async () => undefined,
  isDue: () => false,
  consider: () => undefined,
  written: async () => undefined,
};
/** By whom. */
const BY = "simulated";

export function campaignWork({ yard, bus }: { readonly yard: Yard; readonly bus: Bus }): Work {
  const analysis = createAnalysis({ allowPrivate: true, metrics: yard.metrics });
  return async (lease) => {
    const about = { campaign: CAMPAIGN, configured: () => configured };
    const parts = { yard, bus, vault, signature, analysis, lease, snapshots: NO_SNAPSHOTS };
    const services = () => new Map([[WORDS, { type: "builtin" } as const]]);
    const partners = () => new Map();
    const actor: CampaignActor = await startCampaignActor({ ...about, ...parts, services, partners });
    const requests = await bus.serve(campaignRequestSubject(CAMPAIGN), "owner", ({ data }) =>
      replyTo(data, { ...about, actor, onImport: () => undefined }),
    );
    return async () => {
      await requests.close();
      await actor.close();
    };
  };
}

export interface SimulatedMembers {
  /** Who was said to be a member. */
  readonly added: ReadonlySet<MemberId>;
  /** All were taken in and have ended. */
  isOver(log: SimulatedLog): boolean;
}

/** `process` asks for them; it never dies. */
export function addMembers(random: Random, process: Process, bus: Bus): SimulatedMembers {
  const owner = campaignOwner(bus);
  const added = new Set<MemberId>();
  const count = random.between(0, MAX_MEMBERS);

  async function insist(request: CampaignRequest): Promise<void> {
    for (;;) {
      try {
        const reply = await owner(CAMPAIGN, request);
        if (!("refused" in reply)) return;
      } catch {
        // Nobody owns it now.
      }
      await pause(AGAIN_MS);
    }
  }

  async function add(n: number): Promise<void> {
    const fields = { email: `m${n}@example.com`, full_name: `Ada ${n}` };
    const member_id = memberIdOf(CAMPAIGN, fields.email, vault);
    const seal = (value: unknown) => vault.seal(memberKey(member_id), value, memberContext(member_id));
    const members = [{ member_id, sealed: await seal(fields) }];
    await insist({ type: "add", members, by: BY });
    added.add(member_id);
    if (random.next() < 0.5) return;
    const text = random.pick(["This is great, thank you", "Terrible, stop it"]);
    const reply = {
      type: "reply",
      member_id,
      message: `reply ${n}`,
      sealed: await seal(text),
      by: BY,
    } as const;
    await pause(random.between(0, REPLIED_WITHIN_MS));
    await Promise.all([insist(reply), ...(random.next() < 0.3 ? [insist(reply)] : [])]);
  }

  for (let n = 0; n < count; n += 1)
    schedule(random.between(0, ADDED_WITHIN_MS), () => void inProcess(process, () => add(n)), process);
  return {
    added,
    isOver: (log) => added.size === count && membersIn(log).size >= count && openMembers(log).length === 0,
  };
}

interface Member {
  readonly events: string[];
  readonly sends: { readonly submission: string; readonly delivery: string }[];
}

const fieldsOf = (event: StoredEvent): Record<string, unknown> => event.data as Record<string, unknown>;
const ENDS: ReadonlySet<string> = new Set(["MemberDone", "MemberFailed"]);
const AT_WORK: ReadonlySet<string> = new Set(["MemberSendRequested", "MemberAnalysisStarted"]);

function membersIn(log: SimulatedLog): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const event of log.stream(campaignStream(CAMPAIGN))) {
    const { member_id, submission_id, route, members: added } = fieldsOf(event);
    for (const one of (added ?? []) as { member_id: string }[]) {
      const known = members.get(one.member_id) ?? { events: [], sends: [] };
      members.set(one.member_id, known);
      known.events.push(event.type);
    }
    const member = members.get(member_id as string);
    member?.events.push(event.type);
    if (event.type === "MemberSendRequested") {
      const { delivery_id } = route as { delivery_id: string };
      member?.sends.push({ submission: submission_id as string, delivery: delivery_id });
    }
  }
  return members;
}

const openMembers = (log: SimulatedLog): string[] =>
  [...membersIn(log)].flatMap(([id, { events }]) =>
    events.some((type) => ENDS.has(type)) ? [] : [`${id} (${events.at(-1)})`],
  );

export function campaignViolations(
  log: SimulatedLog,
  { added }: SimulatedMembers,
  effects: EffectsOf,
): string[] {
  const members = membersIn(log);
  const found = openMembers(log).map((one) => `member ${one} has not ended`);
  const taken = effects.get(PARTNER) ?? new Map<string, number>();
  for (const id of added) if (!members.has(id)) found.push(`member ${id} was taken in and is not there`);
  for (const [id, { events, sends }] of members) {
    const about = `member ${id} (${events.join(", ")})`;
    const count = (type: string): number => events.filter((one) => one === type).length;
    if (count("MembersAdded") !== 1) found.push(`${about} was added ${count("MembersAdded")} times`);
    if (events.filter((type) => ENDS.has(type)).length > 1) found.push(`${about} has ended twice`);
    if (count("MemberReplied") > 1) found.push(`${about} has replied twice with one message`);
    const ids = new Set(sends.map(({ submission }) => submission));
    if (ids.size !== sends.length || ids.size > 2) found.push(`${about} was sent to ${sends.length} times`);
    if (count("MemberDone") === 1)
      for (const { delivery } of sends)
        if ((taken.get(delivery) ?? 0) === 0)
          found.push(`${about} is done, and has not been sent ${delivery}`);
  }
  return [...found, ...concurrencyViolations(log)];
}

/** Who is worked on has a slot from the first event to the last, whoever owns the campaign meanwhile. */
function concurrencyViolations(log: SimulatedLog): string[] {
  const atWork = new Set<unknown>();
  let most = 0;
  for (const event of log.stream(campaignStream(CAMPAIGN))) {
    const { member_id } = fieldsOf(event);
    if (AT_WORK.has(event.type)) atWork.add(member_id);
    else if (event.type !== "MemberReplied") atWork.delete(member_id);
    most = Math.max(most, atWork.size);
  }
  return most > CONCURRENCY ? [`${most} members were worked on at the same time, not ${CONCURRENCY}`] : [];
}
