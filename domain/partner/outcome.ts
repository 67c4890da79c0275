import { valueAt } from "../rules/evaluate.ts";
import { wellFormed } from "../well-formed.ts";
import { MAX_PRICE, type PartnerConfig } from "./config.ts";

/** What an attempt came to, whatever channel it went through. */
export type AttemptOutcome =
  | { readonly outcome: "succeeded"; readonly reason?: string; readonly price?: number }
  | { readonly outcome: "duplicate"; readonly reason: string }
  /** Permanent. */
  | { readonly outcome: "rejected"; readonly reason: string }
  /** The partner has not taken it, and says that it takes nothing any more. */
  | { readonly outcome: "gone"; readonly reason: string }
  /** Transient, and the partner has certainly not taken it. */
  | { readonly outcome: "failed"; readonly reason: string; readonly retry_after_ms?: number }
  /** Transient, and the partner may have taken it. */
  | { readonly outcome: "unknown"; readonly reason: string }
  /** We went away in the middle of the call, and the partner may have taken it. */
  | { readonly outcome: "interrupted"; readonly reason: string }
  /** We went away, or thought better of it, before the partner could notice anything. */
  | { readonly outcome: "not_called"; readonly reason: string };

/** How to read what a partner sends back, as it is configured. */
export type Reading = Pick<PartnerConfig, "response" | "price">;

const MAX_REASON_LENGTH = 200;

/**
 * What a channel made of an attempt, such that it can be stored: the reason and the price may have come from the partner, and stand
 * unsealed in the log.
 */
export function storable(outcome: AttemptOutcome): AttemptOutcome {
  const reason = outcome.reason === undefined ? undefined : wellFormed(outcome.reason, MAX_REASON_LENGTH);
  switch (outcome.outcome) {
    case "succeeded": {
      const { price } = outcome;
      return {
        outcome: "succeeded",
        ...(reason !== undefined && { reason }),
        ...(isPrice(price) && { price }),
      };
    }
    case "failed": {
      const { retry_after_ms: wait } = outcome;
      const isWait = wait !== undefined && Number.isFinite(wait);
      return { outcome: "failed", reason: reason || "failed", ...(isWait && { retry_after_ms: wait }) };
    }
    case "duplicate":
    case "rejected":
    case "gone":
    case "unknown":
    case "interrupted":
    case "not_called":
      return { outcome: outcome.outcome, reason: reason || outcome.outcome };
  }
}

const isPrice = (price: unknown): price is number =>
  typeof price === "number" && price >= 0 && price <= MAX_PRICE;

/**
 * What a partner that has responded says. `body` is undefined where it can't be read; `declined` is why the channel knows that the
 * partner does not take it, whatever the body says.
 */
export function readResponse(
  body: unknown,
  { response, price }: Reading,
  declined?: string,
): Extract<AttemptOutcome, { outcome: "succeeded" | "duplicate" | "rejected" | "unknown" }> {
  const told = textAt(body, response?.reason_path);
  if (matches(body, response?.duplicate))
    return { outcome: "duplicate", reason: told ?? "partner_says_duplicate" };
  if (declined !== undefined) return { outcome: "rejected", reason: told ?? declined };
  if (response?.success !== undefined) {
    // Taking what can't be read for a success is how leads get lost.
    if (body === undefined) return { outcome: "unknown", reason: "unreadable_response" };
    if (!matches(body, response.success)) return { outcome: "rejected", reason: told ?? "partner_declined" };
  }
  const paid = priceAt(body, response?.price_path) ?? price;
  return {
    outcome: "succeeded",
    ...(told !== undefined && { reason: told }),
    ...(paid !== undefined && { price: paid }),
  };
}

type Match = NonNullable<NonNullable<PartnerConfig["response"]>["success"]>;

function matches(body: unknown, match: Match | undefined): boolean {
  if (match === undefined) return false;
  const value = at(body, match.path);
  return value !== undefined && JSON.stringify(value) === JSON.stringify(match.equals);
}

const at = (body: unknown, path: string): unknown => valueAt({ body }, `body.${path}`);

function textAt(body: unknown, path: string | undefined): string | undefined {
  const value = path === undefined ? undefined : at(body, path);
  if (value === undefined || value === null || value === "") return undefined;
  return wellFormed(typeof value === "string" ? value : JSON.stringify(value), MAX_REASON_LENGTH);
}

function priceAt(body: unknown, path: string | undefined): number | undefined {
  const value = path === undefined ? undefined : at(body, path);
  const price = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return isPrice(price) ? price : undefined;
}
