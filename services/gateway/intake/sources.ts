// The sources that may send, with their secrets ready to check with: a live view that every gateway keeps.
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Sealed } from "#domain/event.ts";
import type { SourceId } from "#domain/ids.ts";
import { sourceContext } from "#domain/seal-contexts.ts";
import { SOURCE_STREAM, type SourceSettings, sourceEvents } from "#domain/source/events.ts";
import { type Source, type Sources, sourceConfiguration } from "#domain/source/source.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";

export interface KnownSource {
  readonly id: SourceId;
  /** As it is configured; another one as soon as anything about it changes. */
  readonly source: Source;
  readonly settings: SourceSettings;
  /** By their ids. */
  readonly secrets: ReadonlyMap<string, SecretKey>;
  /** The secrets alone, as signatures are checked with them. */
  readonly keys: readonly KeyObject[];
}

/** Decoded, as Standard Webhooks signs with it; and as the text it was given out as, for those who sign with that. */
export interface SecretKey {
  readonly decoded: KeyObject;
  readonly text: KeyObject;
}

export type KnownSources = ReadonlyMap<string, KnownSource>;

export const sourceCodec = createCodec(sourceEvents);

export function followSources(
  { lifecycle, log, eventStore }: Yard,
  vault: Vault,
): Promise<LiveView<KnownSources>> {
  const { initial, evolve } = sourceConfiguration;
  return liveView({
    name: "sources",
    streams: [SOURCE_STREAM],
    eventStore: eventStore(),
    codec: sourceCodec,
    initial,
    evolve,
    derive: (sources, before) => knownSources(sources, before, vault),
    lifecycle,
    log,
  });
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
  return { id, source, settings: source.settings, secrets, keys };
}

async function openSecret(sealed: Sealed, id: SourceId, vault: Vault): Promise<SecretKey | undefined> {
  const opened = await vault.open(sealed, sourceContext(id));
  if (typeof opened !== "string") return undefined;
  return { decoded: createSecretKey(parseSecret(opened)), text: createSecretKey(Buffer.from(opened)) };
}

/** What a source with the other scheme puts into x-signature-256, for each of its secrets and both ways to read one. */
export function bodyDigests(source: KnownSource, body: Buffer): Buffer[] {
  return [...source.secrets.values()].flatMap(({ decoded, text }) =>
    [decoded, text].map((key) => createHmac("sha256", key).update(body).digest()),
  );
}
