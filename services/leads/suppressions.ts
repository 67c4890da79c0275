// Suppression lists as rules ask about them: the upload of each list that counts, in memory, kept up to date from the log.
import { hash } from "node:crypto";
import type { Normalised } from "#domain/submission/submission.ts";
import {
  addSuppressions,
  SUPPRESSION_DOMAIN,
  SUPPRESSION_LIST_STREAM,
  SUPPRESSION_STREAM_PREFIX,
  type SuppressionLists,
  type Suppressions,
  suppressionEvents,
  suppressionListEvents,
  suppressionLists,
  suppressionStream,
} from "#domain/suppression/list.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Vault } from "#platform/vault/vault.ts";

export interface SuppressionLookup {
  /** By list whether it names them; undefined where there is no list. */
  suppressed(person: Normalised, at: number): Record<string, boolean> | undefined;
}

export interface SuppressionOptions {
  readonly eventStore: Pick<EventStore, "head" | "follow" | "streamEvents">;
  readonly vault: Pick<Vault, "fingerprint">;
  readonly signal: AbortSignal;
}

interface Loaded {
  readonly upload: string;
  readonly entries: Suppressions;
}

const listCodec = createCodec(suppressionListEvents);
const codec = createCodec(suppressionEvents);

export async function openSuppressions(options: SuppressionOptions): Promise<SuppressionLookup> {
  const { eventStore, vault, signal } = options;
  let lists: SuppressionLists = suppressionLists.initial;
  const loaded = new Map<string, Loaded>();

  /** Whoever asks meanwhile is answered by what was there before. */
  async function load(): Promise<void> {
    for (const [list, { upload }] of lists) {
      if (loaded.get(list)?.upload === upload) continue;
      const entries: Suppressions = new Map();
      for await (const stored of eventStore.streamEvents(suppressionStream(list, upload)))
        take(entries, stored);
      loaded.set(list, { upload, entries });
    }
    for (const list of loaded.keys()) if (!lists.has(list)) loaded.delete(list);
  }

  function evolve(stored: StoredEvent): void {
    const decoded = decodeOrPassOver(listCodec, stored, () => undefined);
    if (decoded?.known) lists = suppressionLists.evolve(lists, decoded.event);
  }

  const position = await eventStore.head();
  for await (const stored of eventStore.streamEvents(SUPPRESSION_LIST_STREAM)) evolve(stored);
  await load();

  eventStore.follow({
    name: "suppressions",
    prefixes: [SUPPRESSION_LIST_STREAM, SUPPRESSION_STREAM_PREFIX],
    from: position,
    signal,
    // All of it may come again, and nothing changes by it.
    onEvents: async (events) => {
      for (const stored of events) {
        if (stored.stream === SUPPRESSION_LIST_STREAM) {
          evolve(stored);
          continue;
        }
        for (const [list, { upload, entries }] of loaded)
          if (stored.stream === suppressionStream(list, upload)) take(entries, stored);
      }
      await load();
    },
  });

  return {
    suppressed({ email, phone }, at) {
      if (loaded.size === 0) return undefined;
      const hashes = [email, phone].flatMap((value) =>
        value === undefined ? [] : vault.fingerprint(SUPPRESSION_DOMAIN, hash("sha256", value)),
      );
      return Object.fromEntries(
        Array.from(loaded, ([list, { entries }]) => [
          list,
          hashes.some((one) => (entries.get(one) ?? Number.NEGATIVE_INFINITY) > at),
        ]),
      );
    },
  };
}

function take(entries: Suppressions, stored: StoredEvent): void {
  const decoded = decodeOrPassOver(codec, stored, () => undefined);
  if (decoded?.known) addSuppressions(entries, decoded.event);
}
