// The dedupe key of a delivery, as it is kept: hashed with a key, since it may hold personal data. Where a function says what is the
// same, it is asked in the sandbox before a delivery takes a place or a token; one that fails never delivers.
import type { DeliveryId } from "#domain/ids.ts";
import { defaultBody } from "#domain/partner/body.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import { dedupeKeyFrom, dedupeKeyOf, ownKey } from "#domain/partner/dedupe.ts";
import { factsOf } from "#domain/submission/route.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Content, DeliveryMail } from "./read-mail.ts";
import { DEDUPE_LIMITS, DEDUPE_TIMEOUT_MS } from "./sandbox/limits.ts";
import type { RunResult } from "./sandbox/messages.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { createSlots } from "./slots.ts";

export type DedupeKey =
  | { readonly key: string }
  /** The function failed: it is asked again after so long, or not any more. */
  | { readonly failed: string; readonly retryMs: number | undefined };

export interface DedupeKeys {
  /** Undefined where the function has not been asked yet. */
  known(delivery: DeliveryMail): DedupeKey | undefined;
  get(delivery: DeliveryMail): Promise<DedupeKey>;
  /** Asks the function about all of them, and waits for it no longer than so many milliseconds. */
  prepare(deliveries: readonly DeliveryMail[], signal: AbortSignal): Promise<void>;
}

export interface DedupeKeysParts {
  readonly vault: Pick<Vault, "fingerprint">;
  readonly config: () => PartnerSettings;
  /** What a delivery that has begun began with: it keeps that. */
  readonly begunWith: (id: DeliveryId) => string | undefined;
  readonly sandbox: Pick<Sandbox, "run">;
  readonly log: Pick<Log, "warn">;
}

const MAX_AT_ONCE = 2;
const MAX_PREPARE_MS = 2_000;
const NO_TURN_MS = 1_000;
/** Deliveries whose function failed, remembered until it does not. */
const MAX_FAILURES = 10_000;

interface Made {
  readonly config: PartnerSettings;
  /** A promise until the function has answered. */
  key: DedupeKey | Promise<DedupeKey>;
}

/** Each is made once, unless the partner is configured otherwise meanwhile. */
export function createDedupeKeys(parts: DedupeKeysParts): DedupeKeys {
  const { vault, config, begunWith, sandbox, log } = parts;
  const made = new WeakMap<DeliveryMail, Made>();
  const failures = new Map<string, number>();
  const slots = createSlots(() => MAX_AT_ONCE);

  function ask(delivery: DeliveryMail): void {
    const { about, content } = delivery;
    if (!content.readable) throw new Error("what can't be read has no dedupe key");
    const settings = config();
    const { dedupe } = settings;
    const keyOf = (text: string): DedupeKey => ({ key: vault.fingerprint(`dedupe ${about.partner}`, text) });
    if (about.sent_for !== undefined) {
      // One send a member and step, whatever else the partner takes for the same.
      made.set(delivery, { config: settings, key: keyOf(ownKey(content.routed)) });
      return;
    }
    if (dedupe === undefined || !("function" in dedupe)) {
      const key = keyOf(dedupeKeyOf(dedupe, factsOf(content.submission), content.routed));
      made.set(delivery, { config: settings, key });
      return;
    }
    const begun = begunWith(about.delivery_id);
    if (begun !== undefined) {
      made.set(delivery, { config: settings, key: { key: begun } });
      return;
    }
    const key = run(dedupe.function, delivery, content).then((result) => {
      const text = textOf(result);
      const settled =
        text === undefined
          ? failedBy(result, delivery, settings)
          : keyOf(dedupeKeyFrom(text, content.routed));
      if ("key" in settled) failures.delete(about.delivery_id);
      entry.key = settled;
      return settled;
    });
    const entry: Made = { config: settings, key };
    made.set(delivery, entry);
  }

  async function run(
    code: string,
    { about }: DeliveryMail,
    { submission, routed }: Content,
  ): Promise<RunResult> {
    const { submission_id: id, delivery_id, partner: owner } = about;
    const ids = { id, delivery_id, ...(routed.person_id && { person_id: routed.person_id }) };
    const argument = JSON.stringify(defaultBody(submission, ids));
    const job = { code, argument, limits: DEDUPE_LIMITS, mayWait: false };
    // Waiting for the others is none of a run's time.
    const release = await slots.take();
    return sandbox.run({ owner: `dedupe:${owner}`, job, timeoutMs: DEDUPE_TIMEOUT_MS }).finally(release);
  }

  function failedBy(result: RunResult, { about }: DeliveryMail, { retry }: PartnerSettings): DedupeKey {
    const { delivery_id, submission_id: lead_id } = about;
    const failed = `dedupe_${result.ok ? "not_a_string" : result.failure}`;
    // That there was no room for it is no fault of the function's.
    if (!result.ok && result.failure === "no_turn") return { failed, retryMs: NO_TURN_MS };
    const tries = (failures.get(delivery_id) ?? 0) + 1;
    const isLast = tries >= retry.max_attempts;
    failures.delete(delivery_id);
    if (!isLast) failures.set(delivery_id, tries);
    for (const oldest of failures.keys()) {
      if (failures.size <= MAX_FAILURES) break;
      failures.delete(oldest);
    }
    log.warn({ lead_id, reason: failed, tries }, "dedupe function failed");
    const backoff = { baseMs: retry.base_ms, maxMs: retry.max_ms };
    return { failed, retryMs: isLast ? undefined : backoffMs(tries - 1, backoff) };
  }

  function current(delivery: DeliveryMail) {
    const known = made.get(delivery);
    return known?.config === config() ? known : undefined;
  }

  async function get(delivery: DeliveryMail): Promise<DedupeKey> {
    if (current(delivery) === undefined) ask(delivery);
    const known = made.get(delivery);
    if (known === undefined) throw new Error("a dedupe key that was asked for is there");
    return known.key;
  }

  return {
    known(delivery) {
      const { dedupe } = config();
      const isCheap = dedupe === undefined || !("function" in dedupe);
      if (current(delivery) === undefined && isCheap) ask(delivery);
      const key = current(delivery)?.key;
      return key instanceof Promise ? undefined : key;
    },
    get,
    async prepare(deliveries, signal) {
      const { dedupe } = config();
      if (dedupe === undefined || !("function" in dedupe)) return;
      const all = Promise.all(deliveries.filter(({ content }) => content.readable).map(get));
      await Promise.race([all, pause(MAX_PREPARE_MS, signal)]);
    },
  };
}

function textOf(result: RunResult): string | undefined {
  const value = result.ok ? (JSON.parse(result.json) as unknown) : undefined;
  return typeof value === "string" ? value : undefined;
}
