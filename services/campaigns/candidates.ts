// Who may go on now: as many as there are slots, first whose wait is over, then who comes to work, then who is sent to.
import type { CampaignDefinition } from "#domain/campaign/definition.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import { type CampaignState, endOfWait } from "#domain/campaign/state.ts";
import type { MemberId } from "#domain/ids.ts";
import type { Over } from "./next-move.ts";

export interface Candidate {
  readonly id: MemberId;
  readonly member: Member;
  readonly over: Over | undefined;
}

/** Prepared together: one look-up of keys, one append. */
const MAX_TOGETHER = 250;

/** Takes those whose wait is over out of the queue of those that are due. */
export function choose(
  { members }: CampaignState,
  { concurrency, steps }: CampaignDefinition,
  { canSend, now }: { readonly canSend: boolean; readonly now: number },
): Candidate[] {
  const room = Math.min(MAX_TOGETHER, concurrency - members.working.size);
  const chosen: Candidate[] = [];
  while (chosen.length < room && members.nextDueAt <= now) {
    const id = members.takeDue();
    const member = id && members.get(id);
    if (member === undefined || id === undefined) break;
    const how = endOfWait(member, now);
    if (how !== undefined) chosen.push({ id, member, over: { how } });
  }
  const isFirstSend = steps[0]?.type === "send";
  const queues = [
    members.toWork,
    ...(canSend ? [members.toSend] : []),
    ...(canSend || !isFirstSend ? [members.fresh] : []),
  ];
  for (const queue of queues)
    for (const id of queue) {
      if (chosen.length >= room) return chosen;
      const member = members.get(id);
      if (member !== undefined) chosen.push({ id, member, over: undefined });
    }
  return chosen;
}
