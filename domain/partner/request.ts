import { z } from "zod";
import { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import { Reconciliation } from "./events.ts";

// What the gateway asks the owner of a partner, which alone knows the partner's state to the last delivery and may change it.

export const PartnerRequest = z.discriminatedUnion("type", [
  z.object({ type: z.literal("caps_used") }),
  z.object({
    type: z.literal("return"),
    partner: PartnerId,
    submission_id: SubmissionId,
    delivery_id: DeliveryId,
    reason: z.string(),
    /** Where the partner's stream tells of the delivery. */
    revisions: z.array(z.int().nonnegative()),
    by: z.string(),
  }),
  z.object({
    type: z.literal("reconcile"),
    partner: PartnerId,
    submission_id: SubmissionId,
    delivery_id: DeliveryId,
    outcome: Reconciliation,
    reason: z.string(),
    price: z.number().optional(),
    by: z.string(),
  }),
]);
export type PartnerRequest = z.infer<typeof PartnerRequest>;
export type ReturnRequest = Extract<PartnerRequest, { type: "return" }>;
export type ReconcileRequest = Extract<PartnerRequest, { type: "reconcile" }>;

const used = z.int().nonnegative().optional();
export const CapsUsed = z.object({ hour: used, day: used, month: used, total: used });

export const PartnerReply = z.union([
  z.object({ caps_used: CapsUsed }),
  z.object({ returned_at: z.string() }),
  z.object({ reconciled_at: z.string() }),
  z.object({ refused: z.enum(["not_delivered", "already_returned", "not_in_doubt", "unavailable"]) }),
]);
export type PartnerReply = z.infer<typeof PartnerReply>;
