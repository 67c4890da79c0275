import { valueAt } from "../rules/evaluate.ts";
import type { PartnerConfig } from "./config.ts";

// What an attempt came to.

export type Verdict =
  | { readonly outcome: "succeeded"; readonly reason?: string; readonly price?: number }
  | { readonly outcome: "duplicate"; readonly reason: string }
  /** Permanent. */
  | { readonly outcome: "rejected"; readonly reason: string }
  /** Transient, and the partner has certainly not taken it. */
  | { readonly outcome: "failed"; readonly reason: string; readonly retry_after_ms?: number }
  /** Transient, and the partner may have taken it. */
  | { readonly outcome: "unknown"; readonly reason: string }
  /** We went away in the middle of the call, or before it began. */
  | { readonly outcome: "interrupted"; readonly reason: string; readonly not_called?: true };

export interface Answer {
  readonly status: number;
  /** As JSON where it is that; undefined where it can't be read. */
  readonly body: unknown;
  readonly retry_after_ms: number | undefined;
}

type Reading = Pick<PartnerConfig, "response" | "price">;

const TRANSIENT = new Set([408, 425, 429]);
const MOST_TEXT = 200;

export function judge(answer: Answer, { response, price }: Reading): Verdict {
  const { status, body, retry_after_ms } = answer;
  if (TRANSIENT.has(status) || status >= 500)
    return {
      outcome: "failed",
      reason: `http_${status}`,
      ...(retry_after_ms !== undefined && { retry_after_ms }),
    };
  const told = textAt(body, response?.reason_path);
  if (matches(body, response?.duplicate))
    return { outcome: "duplicate", reason: told ?? "partner_says_duplicate" };
  if (status < 200 || status >= 300) return { outcome: "rejected", reason: told ?? `http_${status}` };
  if (response?.success !== undefined) {
    // Taking what can't be read for a success is how leads get lost.
    if (body === undefined) return { outcome: "unknown", reason: "unreadable_answer" };
    if (!matches(body, response.success)) return { outcome: "rejected", reason: told ?? "partner_declined" };
  }
  const paid = numberAt(body, response?.price_path) ?? price;
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
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, MOST_TEXT);
}

function numberAt(body: unknown, path: string | undefined): number | undefined {
  const value = path === undefined ? undefined : at(body, path);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;

/** `Retry-After` is seconds or a date; what is neither is no wish. Nobody may park us for longer than a day. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  if (Number.isNaN(wait)) return undefined;
  return Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER_MS);
}
