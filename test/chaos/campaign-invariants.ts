// What has to hold of a campaign once all is healed: each member is in it once and has come to one end, what was sent to it has had one
// effect, and what the API shows of it adds up. Requests and attempts of its partner are looked at with those of all partners.
import { CAMPAIGN_STREAM_PREFIX } from "#domain/campaign/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { CampaignView } from "../campaigns/yard.ts";
import { untilInOwnTime } from "../harness/own-time.ts";
import { type Delivery, dataOf, type EffectsOf, text } from "./invariants.ts";
import type { ChaosYard } from "./yard.ts";

export const MEMBERS = 100;
/** Nothing but campaigns sends to it. */
export const CAMPAIGN_PARTNER = "mails";

const ENDS: ReadonlySet<string> = new Set(["MemberDone", "MemberFailed", "MemberCancelled"]);
/** Whoever has ended well was sent to twice. */
const SENDS = 2;
const SHOWN_MS = 60_000;

interface Member {
  ends: string[];
  replies: number;
  /** Under what each send goes. */
  sends: string[];
}

/** Gives how many have ended how. */
export async function endOf(yard: ChaosYard, id: string, deadlineMs: number): Promise<CampaignView> {
  return untilInOwnTime(
    `campaign ${id} is done`,
    async () => {
      const shown = await viewOf(yard, id);
      if (shown.status === "done") return shown;
      throw new Error(`${shown.status} ${JSON.stringify(shown.counts)}`);
    },
    deadlineMs,
  );
}

async function viewOf({ client }: ChaosYard, id: string): Promise<CampaignView> {
  const { status, body } = await client.admin<CampaignView>("GET", `/api/campaigns/${id}`);
  if (status !== 200) throw new Error(`campaign ${id}: ${status}`);
  return body;
}

function membersIn(events: readonly StoredEvent[]): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const event of events) {
    const data = dataOf(event);
    if (event.type === "MembersAdded") {
      for (const { member_id } of data.members as { member_id: string }[])
        if (members.has(member_id)) members.get(member_id)?.ends.push("MembersAdded again");
        else members.set(member_id, { ends: [], replies: 0, sends: [] });
      continue;
    }
    const member = members.get(text(data.member_id));
    if (member === undefined) continue;
    if (ENDS.has(event.type)) member.ends.push(event.type);
    if (event.type === "MemberReplied") member.replies += 1;
    if (event.type === "MemberSendRequested") member.sends.push(text(data.submission_id));
  }
  return members;
}

export async function campaignViolations(
  yard: ChaosYard,
  id: string,
  deliveries: ReadonlyMap<string, Delivery>,
  effectsOf: EffectsOf,
): Promise<string[]> {
  const found: string[] = [];
  const members = membersIn(await yard.log.readStream(`${CAMPAIGN_STREAM_PREFIX}${id}`));
  if (members.size !== MEMBERS) found.push(`campaign ${id} has ${members.size} members, not ${MEMBERS}`);
  const succeeded = new Set(
    [...deliveries.values()]
      .filter(({ events }) => events.includes("DeliverySucceeded"))
      .map(({ submission }) => submission),
  );
  for (const [member, { ends, replies, sends }] of members) {
    const about = `member ${member} of campaign ${id}`;
    if (ends.length !== 1) found.push(`${about} has the ends ${ends}`);
    if (replies > 1) found.push(`${about} replied once and is recorded ${replies} times`);
    if (new Set(sends).size !== sends.length) found.push(`${about} was sent to twice as ${sends}`);
    if (sends.length > SENDS) found.push(`${about} was sent to ${sends.length} times`);
    if (ends[0] !== "MemberDone") continue;
    if (sends.length !== SENDS) found.push(`${about} is done after ${sends.length} sends`);
    for (const send of sends) {
      if (!succeeded.has(send)) found.push(`${about} is done, its send ${send} was not delivered`);
      if (effectsOf(send) !== 1)
        found.push(`${about} is done, its send ${send} had ${effectsOf(send)} effects`);
    }
  }
  const ended = [...members.values()].map(({ ends }) => ends[0]);
  const count = (end: string): number => ended.filter((one) => one === end).length;
  const recorded = { done: count("MemberDone"), failed: count("MemberFailed") };
  found.push(...(await shownViolations(yard, id, recorded)));
  return found;
}

async function shownViolations(
  yard: ChaosYard,
  id: string,
  { done, failed }: { readonly done: number; readonly failed: number },
): Promise<string[]> {
  const shown = await untilInOwnTime(
    `campaign ${id} shows its ends`,
    async () => {
      const view = await viewOf(yard, id);
      return view.counts.done + view.counts.failed >= done + failed && view;
    },
    SHOWN_MS,
  );
  const found: string[] = [];
  const { counts, funnel } = shown;
  const wanted = { pending: 0, working: 0, waiting: 0, done, failed, cancelled: 0 };
  if (JSON.stringify(counts) !== JSON.stringify({ ...counts, ...wanted }))
    found.push(
      `campaign ${id} shows ${JSON.stringify(counts)}, the log has ${done} done and ${failed} failed`,
    );
  for (const step of funnel)
    if (step.entered !== step.left + step.failed + step.waiting + step.working)
      found.push(`the funnel of campaign ${id} does not add up: ${JSON.stringify(step)}`);
  const [first] = funnel;
  if (first?.entered !== MEMBERS)
    found.push(`${first?.entered} members of campaign ${id} have entered ${first?.id}, not ${MEMBERS}`);
  return found;
}
