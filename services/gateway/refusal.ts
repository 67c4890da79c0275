// Why the gateway says no. A refusal is data on its way to whoever asked, over whichever transport.

export type RefusalReason =
  | "unsupported_media_type"
  | "too_large"
  | "too_slow"
  | "unauthenticated"
  | "unauthorized"
  | "kind_not_allowed"
  | "rate_limited"
  | "malformed"
  | "invalid"
  | "in_flight"
  | "key_reused"
  | "unavailable"
  | "overloaded"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "version_moved"
  | "unacceptable"
  | "internal";

/** What is wrong with the input, and where; never what the input was. */
export interface Flaw {
  readonly path: string;
  readonly message: string;
}

export interface Refusal {
  readonly refused: RefusalReason;
  readonly detail?: string;
  readonly errors?: readonly Flaw[];
  readonly retryAfterS?: number;
  /** What the problem tells besides, by name. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export function refusal(refused: RefusalReason, more: Omit<Refusal, "refused"> = {}): Refusal {
  return { refused, ...more };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}

/** Carries a refusal out of a place that can only throw. */
export class Refused extends Error {
  override name = "Refused";
  readonly refusal: Refusal;

  constructor(why: Refusal) {
    super(why.refused);
    this.refusal = why;
  }
}
