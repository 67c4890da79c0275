// Asks the process that owns a partner, the only one that knows its state to the last delivery.
import type { z } from "zod";
import type { PartnerId } from "#domain/ids.ts";
import { type CapsUsed, PartnerReply, type PartnerRequest } from "#domain/partner/request.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerRequestSubject } from "#platform/bus/subjects.ts";

const FIGURES_WITHIN_MS = 1_000;

/** Throws BusError where nobody owns the partner now. */
export async function askOwner(
  partner: PartnerId,
  request: PartnerRequest,
  timeoutMs: number,
  bus: Pick<Bus, "request">,
): Promise<PartnerReply> {
  const asked = Buffer.from(JSON.stringify(request));
  const reply = await bus.request(partnerRequestSubject(partner), asked, timeoutMs);
  return PartnerReply.parse(JSON.parse(Buffer.from(reply).toString("utf8")));
}

/** Undefined where nobody can say now. */
export async function capsUsedBy(
  partner: PartnerId,
  bus: Pick<Bus, "request">,
): Promise<z.infer<typeof CapsUsed> | undefined> {
  const request = { type: "caps_used" } as const;
  const reply = await askOwner(partner, request, FIGURES_WITHIN_MS, bus).catch(() => undefined);
  return reply !== undefined && "caps_used" in reply ? reply.caps_used : undefined;
}
