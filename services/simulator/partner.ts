// One simulated partner: its settings, what it has received, and what it answers to the next request.
import { type TokenBucket, tokenBucket } from "#platform/token-bucket.ts";
import { type HeaderValues, parseSecret, verify } from "#platform/webhooks.ts";
import { type Answer, answerTo, type Settings, settingsSchema } from "./behaviour.ts";
import { chanceOf } from "./chance.ts";
import type { Effects, Summary } from "./effects.ts";

/** So many of the last requests can be looked at. */
const MAX_KEPT = 20;

export interface Received {
  readonly headers: HeaderValues;
  readonly body: Buffer;
  readonly at: number;
}

interface Totals extends Summary {
  readonly requests: number;
  /** Refused since their signature was missing or wrong. */
  readonly unverified: number;
  /** Processed, but with neither idempotency-key nor webhook-id to tell them apart. */
  readonly without_id: number;
  /** Answers by status code, and by name where there was none. */
  readonly answers: Readonly<Record<string, number>>;
  readonly in_flight: number;
  readonly max_in_flight: number;
  readonly first_at?: string;
  readonly last_at?: string;
}

export interface Partner {
  readonly effects: Effects;
  settings: Settings;
  receive(received: Received, settings?: Settings): Answer;
  /** A request that was received is over: answered, or disconnected. */
  leave(): void;
  totals(): Totals;
  last(): readonly Received[];
}

const UNVERIFIED: Answer = {
  kind: "answer",
  processed: false,
  status: 401,
  body: { status: "refused", reason: "the signature is missing or wrong" },
  delayMs: 0,
};

export function createPartner(name: string, seed: string, effects: Effects): Partner {
  const counts = { requests: 0, unverified: 0, without_id: 0, in_flight: 0, max_in_flight: 0 };
  const answers: Record<string, number> = {};
  const seen: { firstAt?: number; lastAt?: number } = {};
  const last: Received[] = [];
  const keys = new Map<string, Buffer>();
  let rate: { readonly perSecond: number; readonly bucket: TokenBucket } | undefined;
  let now = 0;

  function withinRate(perSecond: number | undefined): boolean {
    if (perSecond === undefined) return true;
    if (rate?.perSecond !== perSecond) rate = { perSecond, bucket: tokenBucket(perSecond, () => now) };
    return rate.bucket.take(1) === 1;
  }

  function isVerified({ headers, body, at }: Received, secret: string | undefined): boolean {
    if (secret === undefined) return true;
    let key = keys.get(secret);
    if (key === undefined) {
      key = parseSecret(secret);
      keys.clear();
      keys.set(secret, key);
    }
    return verify([key], headers, body, at).verified;
  }

  function answerOf(received: Received, settings: Settings): Answer {
    if (!isVerified(received, settings.secret)) {
      counts.unverified += 1;
      return UNVERIFIED;
    }
    const webhookId = text(received.headers["webhook-id"]);
    const id = text(received.headers["idempotency-key"]) || webhookId;
    const nth = id === "" ? counts.requests : effects.countRequest(id, webhookId);
    now = received.at;
    const answer = answerTo(settings, {
      nth,
      chance: settings.behaviour === "failing" ? chanceOf(seed, name, id, nth) : 0,
      withinRate: withinRate(settings.per_second),
      known: settings.idempotent && (effects.get(id)?.effects ?? 0) > 0,
    });
    if (!answer.processed) return answer;
    if (id === "") counts.without_id += 1;
    else if (!effects.countEffect(id, settings.idempotent) && answer.kind === "answer")
      return { ...answer, body: { ...answer.body, duplicate: true } };
    return answer;
  }

  const partner: Partner = {
    effects,
    settings: settingsSchema.parse({}),
    receive(received, settings = partner.settings) {
      counts.requests += 1;
      counts.in_flight += 1;
      counts.max_in_flight = Math.max(counts.max_in_flight, counts.in_flight);
      seen.firstAt ??= received.at;
      seen.lastAt = received.at;
      if (last.push(received) > MAX_KEPT) last.shift();
      const answer = answerOf(received, settings);
      const called = answer.kind === "answer" ? answer.status : answer.kind;
      answers[called] = (answers[called] ?? 0) + 1;
      return answer;
    },
    leave() {
      counts.in_flight -= 1;
    },
    totals: () => ({
      ...counts,
      ...effects.summary(),
      answers,
      ...(seen.firstAt === undefined ? {} : { first_at: new Date(seen.firstAt).toISOString() }),
      ...(seen.lastAt === undefined ? {} : { last_at: new Date(seen.lastAt).toISOString() }),
    }),
    last: () => last,
  };
  return partner;
}

function text(value: string | readonly string[] | undefined): string {
  return typeof value === "string" ? value : "";
}
