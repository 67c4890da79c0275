// What must be true of a campaign's stream, whatever has happened to its owners.
import { campaignDecider } from "#domain/campaign/decide.ts";
import { type CampaignEvent, campaignEvents } from "#domain/campaign/events.ts";
import type { MemberId } from "#domain/ids.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown } from "#platform/fold-stream.ts";

const decode = decodeKnown(createCodec(campaignEvents));
const ENDS: readonly CampaignEvent["type"][] = ["MemberDone", "MemberFailed", "MemberCancelled"];

function endsOf(stored: readonly StoredEvent[]): Map<MemberId, number> {
  const ends = new Map<MemberId, number>();
  for (const { type, data } of stored.map(decode))
    if (ENDS.includes(type) && "member_id" in data)
      ends.set(data.member_id, (ends.get(data.member_id) ?? 0) + 1);
  return ends;
}

export function membersWithoutEnd(stored: readonly StoredEvent[], ids: readonly MemberId[]): MemberId[] {
  const ends = endsOf(stored);
  return ids.filter((id) => !ends.has(id));
}

/** `effects`: how often the provider took each send, by its id. */
export function violationsIn(
  stored: readonly StoredEvent[],
  ids: readonly MemberId[],
  effects: ReadonlyMap<string, number>,
): string[] {
  const found: string[] = [];
  for (const id of membersWithoutEnd(stored, ids)) found.push(`${id} has no end`);
  for (const [id, ends] of endsOf(stored)) if (ends !== 1) found.push(`${id} has ${ends} ends`);
  const state = campaignDecider.initial;
  const requested = new Map<string, string>();
  const visits = new Set<string>();
  const messages = new Set<string>();
  for (const event of stored.map(decode)) {
    const about = `${event.type} at ${state.revision + 1}`;
    if ("passed" in event.data && event.data.left !== undefined) {
      const member = state.members.get(event.data.member_id);
      if (event.data.left.step !== member?.step) found.push(`${about} leaves a step where the member is not`);
      if (event.data.left.how === "replied" && member?.replied === undefined)
        found.push(`${about} follows a reply that is not there`);
    }
    if (event.type === "MemberSendRequested") {
      const { member_id, step, moves, route } = event.data;
      const visit = `${member_id} ${step} ${moves}`;
      if (visits.has(visit)) found.push(`${about} repeats a send`);
      visits.add(visit);
      requested.set(route.delivery_id, visit);
    }
    if (event.type === "MemberReplied") {
      if (messages.has(event.data.message)) found.push(`${about} repeats a message`);
      messages.add(event.data.message);
    }
    try {
      campaignDecider.evolve(state, event);
    } catch (error) {
      return [...found, `${about} can't happen: ${(error as Error).message}`];
    }
  }
  const sent = stored
    .map(decode)
    .flatMap(({ data }) => ("left" in data && data.left?.how === "sent" ? [data] : []));
  const taken = [...effects.keys()];
  for (const id of taken)
    if (!requested.has(id)) found.push(`the provider took ${id}, which nobody asked for`);
  if (taken.length < sent.length) found.push(`the provider took ${taken.length} of ${sent.length} sends`);
  return found;
}
