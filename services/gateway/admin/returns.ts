// A partner gives back a lead that it was delivered.
import { z } from "zod";
import { PartnerId, SubmissionId } from "#domain/ids.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LeadQueries } from "#projections/leads/query.ts";
import { responseSchemas } from "../http/route-schema.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";
import { askOwner } from "./partner-owner.ts";
import { notFound } from "./scope.ts";

export const Returned = z
  .object({ lead_id: SubmissionId, partner: PartnerId, status: z.literal("returned"), reason: z.string() })
  .register(responseSchemas, { id: "Returned" });
type Returned = z.infer<typeof Returned>;

export interface ReturnParts {
  readonly eventStore: Pick<EventStore, "head">;
  readonly leads: Pick<LeadQueries, "placeOf" | "reached">;
  readonly bus: Pick<Bus, "request">;
}

const CURRENT_MS = 4_000;
const STORED_MS = 5_000;

export function returns({
  eventStore,
  leads,
  bus,
}: ReturnParts): (
  partner: PartnerId,
  given: { readonly lead_id: string; readonly reason: string },
  by: string,
) => Promise<Returned & { readonly position: string }> {
  return async (partner, { lead_id, reason }, by) => {
    // What was delivered a moment ago can be returned now.
    await leads.reached(await eventStore.head(), CURRENT_MS);
    const place = await leads.placeOf(lead_id);
    if (place === undefined) throw notFound();
    const { id: submission_id, status, delivery_id, revisions } = place;
    if (place.partner !== partner || delivery_id === null) throw new Refused(notDelivered(partner));
    if (status === "returned") throw new Refused(ALREADY_RETURNED);
    if (status !== "delivered") throw new Refused(notDelivered(partner));
    const about = { partner, submission_id, delivery_id, reason, revisions: [...revisions], by };
    const reply = await askOwner(partner, { type: "return", ...about }, STORED_MS, bus);
    if ("returned_at" in reply)
      return { lead_id: submission_id, partner, status: "returned", reason, position: reply.returned_at };
    const refused = "refused" in reply ? reply.refused : "unavailable";
    switch (refused) {
      case "not_delivered":
        throw new Refused(notDelivered(partner));
      case "already_returned":
        throw new Refused(ALREADY_RETURNED);
      case "not_in_doubt":
      case "unavailable":
        throw new Refused(refusal("unavailable", { retryAfterS: 1 }));
    }
  };
}

const notDelivered = (partner: PartnerId): Refusal =>
  refusal("conflict", {
    detail: `This lead is not delivered to ${partner}: only what a partner has can be returned`,
  });
const ALREADY_RETURNED = refusal("conflict", {
  detail: "This lead was returned before; its status and its timeline show when and why",
});
