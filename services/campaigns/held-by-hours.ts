// Whether all that a campaign could do waits for partners to open.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { stepOf } from "#domain/campaign/definition.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import { type CampaignState, pendingIn } from "#domain/campaign/state.ts";
import type { PartnerId } from "#domain/ids.ts";
import type { ConfiguredPartners } from "#domain/partner/configured.ts";
import { isOpen } from "#domain/partner/schedule.ts";

type Configured = Pick<ConfiguredCampaign, "definition" | "versions">;

export function isHeldByHours(
  { definition, versions }: Configured,
  state: CampaignState,
  isClosed: (partner: PartnerId) => boolean,
  now: number,
): boolean {
  const { members, import: importing } = state;
  const { working } = members;
  if (working.size === 0 || importing?.state === "running") return false;
  const mayBegin = pendingIn(state) > 0 || members.nextDueAt <= now;
  if (mayBegin && working.size < definition.concurrency) return false;
  const isHeld = ({ work, step: id, version }: Member): boolean => {
    const step = id === undefined ? undefined : stepOf(versions.get(version) ?? definition, id);
    return work?.type === "send" && step?.type === "send" && isClosed(step.partner);
  };
  for (const id of working) {
    const member = members.get(id);
    if (member === undefined || !isHeld(member)) return false;
  }
  return true;
}

/** By its opening hours alone: whoever has paused a partner should hear of the campaigns that wait for it. */
export const closedAt =
  (partners: ConfiguredPartners, now: number) =>
  (partner: PartnerId): boolean => {
    const found = partners.get(partner);
    if (found?.standing !== "active" || !found.config.enabled) return false;
    const { schedule } = found.config;
    return schedule !== undefined && !isOpen(schedule, now);
  };
