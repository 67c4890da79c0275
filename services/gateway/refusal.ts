// Why the gateway refuses a request, over every transport. The HTTP statuses stand in http/problem.ts.

export type RefusalReason =
  | "unsupported_media_type"
  | "too_large"
  | "too_slow"
  | "unauthenticated"
  | "unauthorized"
  | "wrong_credentials"
  | "forbidden"
  | "cross_origin"
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

/** What is wrong with the input, and where; never the input itself. */
export interface InputError {
  readonly path: string;
  readonly message: string;
}

interface RefusalDetails {
  /** What is wrong, and what to do; what the reason or the errors say, unless it is given. */
  readonly detail?: string;
  readonly errors?: readonly InputError[];
  readonly retryAfterS?: number;
  /** What the problem tells besides, by name. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A class, because a payload may have any field: only the prototype distinguishes the two. */
export class Refusal {
  readonly reason: RefusalReason;
  readonly detail: string | undefined;
  readonly errors: readonly InputError[] | undefined;
  readonly retryAfterS: number | undefined;
  readonly more: Readonly<Record<string, unknown>> | undefined;

  constructor(reason: RefusalReason, { detail, errors, retryAfterS, more }: RefusalDetails) {
    this.reason = reason;
    this.detail = detail;
    this.errors = errors;
    this.retryAfterS = retryAfterS;
    this.more = more;
  }
}

export function refusal(reason: RefusalReason, details: RefusalDetails = {}): Refusal {
  return new Refusal(reason, details);
}

export function isRefusal(value: unknown): value is Refusal {
  return value instanceof Refusal;
}

/** Carries a refusal out of a place that can only throw. */
export class Refused extends Error {
  override name = "Refused";
  readonly refusal: Refusal;

  constructor(why: Refusal) {
    super(why.reason);
    this.refusal = why;
  }
}
