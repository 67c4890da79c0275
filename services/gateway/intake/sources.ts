// The sources that may send, with their secrets ready to check with: a live view that every gateway keeps.
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { SourceId } from "#domain/ids.ts";
import {
  SOURCE_STREAM_PREFIX,
  type SourceEvent,
  type SourceSettings,
  sourceEvents,
} from "#domain/source/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";

export interface KnownSource {
  readonly id: SourceId;
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

export type SourceBook = ReadonlyMap<string, KnownSource>;

export const SECRETS_KEY = "secrets";
export const sourceContext = (id: SourceId): string => `source-${id}`;
export const sourceCodec = createCodec(sourceEvents);

export function followSources(
  { lifecycle, log, eventStore }: Yard,
  vault: Vault,
): Promise<LiveView<Map<string, KnownSource>>> {
  return liveView({
    name: "sources",
    prefixes: [SOURCE_STREAM_PREFIX],
    eventStore: eventStore(),
    codec: sourceCodec,
    initial: new Map<string, KnownSource>(),
    evolve: async (book, event) => {
      const id = event.data.source;
      const next = await afterwards(book.get(id), event, vault);
      if (next === undefined) book.delete(id);
      else book.set(id, next);
      return book;
    },
    lifecycle,
    log,
  });
}

async function afterwards(
  known: KnownSource | undefined,
  event: SourceEvent,
  vault: Vault,
): Promise<KnownSource | undefined> {
  switch (event.type) {
    case "SourceConfigured":
      return knownSource(event.data.source, event.data.settings, known?.secrets ?? new Map());
    case "SourceSecretAdded": {
      const opened = await vault.open(event.data.sealed, sourceContext(event.data.source));
      if (known === undefined || typeof opened !== "string") return known;
      const key = {
        decoded: createSecretKey(parseSecret(opened)),
        text: createSecretKey(Buffer.from(opened)),
      };
      return knownSource(known.id, known.settings, new Map(known.secrets).set(event.data.secret_id, key));
    }
    case "SourceSecretRemoved": {
      const secrets = new Map(known?.secrets);
      secrets.delete(event.data.secret_id);
      return known && knownSource(known.id, known.settings, secrets);
    }
    case "SourceRemoved":
      return undefined;
  }
}

function knownSource(id: SourceId, settings: SourceSettings, secrets: KnownSource["secrets"]): KnownSource {
  return { id, settings, secrets, keys: [...secrets.values()].map(({ decoded }) => decoded) };
}

/** What a source with the other scheme puts into x-signature-256, for each of its secrets and both ways to read one. */
export function bodyDigests(source: KnownSource, body: Buffer): Buffer[] {
  return [...source.secrets.values()].flatMap(({ decoded, text }) =>
    [decoded, text].map((key) => createHmac("sha256", key).update(body).digest()),
  );
}
