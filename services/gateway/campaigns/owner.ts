// Asks the process that owns a campaign, the only one that may change its members.
import { CampaignReply, type CampaignRequest, type Pace } from "#domain/campaign/request.ts";
import type { CampaignId } from "#domain/ids.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { campaignRequestSubject } from "#platform/bus/subjects.ts";
import { pause } from "#platform/retry.ts";
import { Refused, refusal } from "../refusal.ts";

export type CampaignOwner = (campaign: CampaignId, request: CampaignRequest) => Promise<CampaignReply>;

const ASK_MS = 10_000;
/** A campaign that was defined just now has no owner yet, and one whose owner died has none until another takes it. */
const OWNED_WITHIN_MS = 8_000;
const LOOK_MS = 50;
const FIGURES_WITHIN_MS = 1_000;
const NOBODY = refusal("unavailable", {
  detail: "No process with the role campaigns owns this campaign now; repeating it is safe",
  retryAfterS: 1,
});

export function campaignOwner(bus: Pick<Bus, "request">): CampaignOwner {
  return async (campaign, request) => {
    const asked = Buffer.from(JSON.stringify(request));
    const deadline = performance.now() + OWNED_WITHIN_MS;
    for (;;) {
      try {
        const answer = await bus.request(campaignRequestSubject(campaign), asked, ASK_MS);
        const reply = CampaignReply.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
        // It has lost the campaign, or what it decided; another, or the same, can say.
        if (!("refused" in reply) || reply.refused !== "unavailable") return reply;
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
      }
      if (performance.now() >= deadline) throw new Refused(NOBODY);
      await pause(LOOK_MS);
    }
  };
}

/** Undefined where nobody can say now. */
export async function paceFrom(bus: Pick<Bus, "request">, campaign: CampaignId): Promise<Pace | undefined> {
  try {
    const asked = Buffer.from(JSON.stringify({ type: "pace" }));
    const answer = await bus.request(campaignRequestSubject(campaign), asked, FIGURES_WITHIN_MS);
    const reply = CampaignReply.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
    return "pace" in reply ? reply.pace : undefined;
  } catch {
    return undefined;
  }
}

const said = (reason: "conflict" | "unacceptable", detail: string) => refusal(reason, { detail });

/** What an owner's refusal means to the client. */
export function refusedBy(reply: CampaignReply): Refused | undefined {
  if (!("refused" in reply)) return undefined;
  switch (reply.refused) {
    case "no_such_member":
      return new Refused(
        refusal("not_found", {
          detail: "Nobody with this id or address is a member of the campaign; check both",
        }),
      );
    case "cancelled":
      return new Refused(
        said("conflict", "The campaign is cancelled and takes nobody any more; define another"),
      );
    case "import_running":
      return new Refused(
        said("conflict", "An import into this campaign is running; wait until it has ended"),
      );
    case "not_a_dead_letter":
      return new Refused(said("conflict", "This member is no dead letter; there is nothing to move"));
    case "unavailable":
      return new Refused(NOBODY);
  }
}
