// The response to a submission that was accepted, over every transport that has responses.
import { z } from "zod";
import type { HeaderValues } from "#platform/webhooks.ts";
import { responseSchemas } from "../http/route-schema.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Receipt } from "./store.ts";

export const Accepted = z
  .object({
    id: z.uuid(),
    outcome: z.literal("accepted"),
    href: z.string(),
    duplicate: z.literal(true).optional().meta({ description: "It was accepted before, with the same body" }),
  })
  .register(responseSchemas, { id: "Accepted" });
type Accepted = z.infer<typeof Accepted>;

export const Ended = z
  .object({
    id: z.uuid(),
    outcome: z.enum(["success", "failure", "error"]),
    reason: z.string().optional(),
    partner: z.string().optional(),
    price: z.number().optional(),
  })
  .register(responseSchemas, { id: "Ended" });

export interface IntakeResponse {
  readonly body: Accepted | z.infer<typeof Ended>;
  /** A read model that has reached it shows what the body says. */
  readonly position: bigint;
}

const MAX_WAIT_S = 30;

/** Waits for the outcome where that is preferred; else, and when it takes too long, says that the submission is accepted. */
export async function respond(
  receipt: Receipt,
  headers: HeaderValues,
  outcomes: Outcomes,
): Promise<IntakeResponse> {
  const waitS = preferredWaitS(headers.prefer);
  const ended = waitS > 0 ? await outcomes.wait(receipt, waitS * 1000) : undefined;
  if (ended === undefined) return { body: accepted(receipt), position: receipt.position };
  return { body: { id: receipt.id, ...ended.outcome }, position: ended.position };
}

export function accepted({ id, duplicate }: Receipt): Accepted {
  return { id, outcome: "accepted", href: `/api/leads/${id}`, ...(duplicate && { duplicate }) };
}

/** From `Prefer: wait=N` (RFC 7240); 0 when there is none. */
function preferredWaitS(prefer: HeaderValues[string]): number {
  const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(String(prefer ?? ""));
  return Math.min(Number(wait?.[1] ?? 0), MAX_WAIT_S);
}
