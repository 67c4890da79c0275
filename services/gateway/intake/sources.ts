// The sources as they are configured now, with their secrets as keys: a live view of every gateway process.
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Sealed } from "#domain/event.ts";
import type { SourceId } from "#domain/ids.ts";
import { sourceContext } from "#domain/seal-contexts.ts";
import { SOURCE_STREAM, type SourceSettings, sourceEvents } from "#domain/source/events.ts";
import { type Source, type Sources, sourceConfiguration } from "#domain/source/source.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { LiveView } from "#platform/live-view.ts";
import { type TokenBucket, tokenBucket, unlimited } from "#platform/token-bucket.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { type HeaderValues, parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";
import { follow } from "../configuration.ts";

export interface KnownSource {
  readonly id: SourceId;
  /** As configured; a new object after each change. */
  readonly source: Source;
  readonly settings: SourceSettings;
  /** By id. */
  readonly secrets: ReadonlyMap<string, SecretKey>;
  /** Of the secrets, for Standard Webhooks. */
  readonly keys: readonly KeyObject[];
  readonly rateLimit: TokenBucket;
}

/** Decoded, as Standard Webhooks signs with it; and the text that was given out, which some senders sign with. */
export interface SecretKey {
  readonly decoded: KeyObject;
  readonly text: KeyObject;
}

export type KnownSources = ReadonlyMap<string, KnownSource>;

/** The source that a request claims to be from: any value of a header, or a part of a subject. */
export function claimedSource(sources: KnownSources, claimed: HeaderValues[string]): KnownSource | undefined {
  return typeof claimed === "string" ? sources.get(claimed) : undefined;
}

export const configuredSources = {
  name: "sources",
  stream: SOURCE_STREAM,
  codec: createCodec(sourceEvents),
  decider: sourceConfiguration,
};

export function followSources(yard: Yard, vault: Vault): Promise<LiveView<KnownSources>> {
  return follow(yard, configuredSources, (sources, before: KnownSources | undefined) =>
    knownSources(sources, before, vault),
  );
}

async function knownSources(
  sources: Sources,
  before: KnownSources | undefined,
  vault: Vault,
): Promise<KnownSources> {
  const known = new Map<string, KnownSource>();
  for (const [id, source] of sources) {
    if (source.removed) continue;
    const same = before?.get(id);
    known.set(id, same?.source === source ? same : await knownSource(id, source, same, vault));
  }
  return known;
}

async function knownSource(
  id: SourceId,
  source: Source,
  before: KnownSource | undefined,
  vault: Vault,
): Promise<KnownSource> {
  const secrets = new Map<string, SecretKey>();
  for (const [secretId, sealed] of source.secrets) {
    const key = before?.secrets.get(secretId) ?? (await openSecret(sealed, id, vault));
    if (key !== undefined) secrets.set(secretId, key);
  }
  const keys = [...secrets.values()].map(({ decoded }) => decoded);
  return { id, source, settings: source.settings, secrets, keys, rateLimit: rateLimit(source, before) };
}

/** The same bucket for as long as the limit is the same: no other change of a source fills it. */
function rateLimit({ settings }: Source, before: KnownSource | undefined): TokenBucket {
  const perSecond = settings.rate_limit?.per_second;
  if (before?.settings.rate_limit?.per_second === perSecond && before !== undefined) return before.rateLimit;
  return perSecond === undefined ? unlimited : tokenBucket(perSecond);
}

async function openSecret(sealed: Sealed, id: SourceId, vault: Vault): Promise<SecretKey | undefined> {
  const opened = await vault.open(sealed, sourceContext(id));
  if (typeof opened !== "string") return undefined;
  return { decoded: createSecretKey(parseSecret(opened)), text: createSecretKey(Buffer.from(opened)) };
}

/** What x-signature-256 may be (scheme body-sha256), for each secret and both ways to read one. */
export function bodyDigests(source: KnownSource, body: Buffer): Buffer[] {
  return [...source.secrets.values()].flatMap(({ decoded, text }) =>
    [decoded, text].map((key) => createHmac("sha256", key).update(body).digest()),
  );
}
