import { valueAt } from "../rules/evaluate.ts";
import { wellFormed } from "../well-formed.ts";
import { MAX_PRICE, type PartnerConfig } from "./config.ts";

/** What an attempt came to, whatever channel it went through. Its reason is a word of ours: it stands unsealed in the log. */
export type AttemptOutcome =
  | { readonly outcome: "succeeded"; readonly reason?: string; readonly price?: number }
  | { readonly outcome: "duplicate"; readonly reason: string }
  /** Permanent. */
  | { readonly outcome: "rejected"; readonly reason: string }
  /** Permanent, and the partner says that it takes nothing any more. */
  | { readonly outcome: "gone"; readonly reason: string }
  /** Transient, and the partner has certainly not taken it. */
  | { readonly outcome: "failed"; readonly reason: string; readonly retry_after_ms?: number }
  /** Transient, and the partner may have taken it. */
  | { readonly outcome: "unknown"; readonly reason: string }
  /** We went away in the middle of the call, and the partner may have taken it. */
  | { readonly outcome: "interrupted"; readonly reason: string }
  /** We went away, or thought better of it, before the partner could notice anything. */
  | { readonly outcome: "not_called"; readonly reason: string };

/** The same with the reason in the partner's own words: they may name a person, and are kept sealed only. */
export interface Told {
  readonly outcome: AttemptOutcome;
  readonly told?: string;
}

/** How to read what a partner sends back, as it is configured. */
export type Reading = Pick<PartnerConfig, "response" | "price">;

const MAX_REASON_LENGTH = 200;

/** The partner's own words, such that they can be stored. */
export const storableWords = (told: string): string => wellFormed(told, MAX_REASON_LENGTH);

/** What a channel made of an attempt, such that it can be stored: the price may have come from the partner. */
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
export function readResponse(body: unknown, { response, price }: Reading, declined?: string): Told {
  const text = textAt(body, response?.reason_path);
  const words = text === undefined ? {} : { told: text };
  if (matches(body, response?.duplicate))
    return { outcome: { outcome: "duplicate", reason: "partner_says_duplicate" }, ...words };
  if (declined !== undefined) return { outcome: { outcome: "rejected", reason: declined }, ...words };
  if (response?.success !== undefined) {
    // Taking what can't be read for a success is how leads get lost.
    if (body === undefined) return { outcome: { outcome: "unknown", reason: "unreadable_response" } };
    if (!matches(body, response.success))
      return { outcome: { outcome: "rejected", reason: "partner_declined" }, ...words };
  }
  const paid = priceAt(body, response?.price_path) ?? price;
  return { outcome: { outcome: "succeeded", ...(paid !== undefined && { price: paid }) }, ...words };
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
