// Context objects as submissions name them. Each has a stream of its own, whose newest event says all; what was written or read lately is
// at hand, sealed as it is stored.
//
// 1. What is at hand counts for a submission only if the log was followed beyond it: a source that puts an order and then sends what
//    names it finds it. Otherwise the stream is read.
// 2. A newer event never gives way to an older one, whichever comes from the log and whichever from a read.
import { LRUCache } from "lru-cache";
import {
  CONTEXT_STREAM_PREFIX,
  ContextObject,
  type ContextReference,
  contextEvents,
  contextStream,
} from "#domain/context/context.ts";
import type { Sealed } from "#domain/event.ts";
import { contextDomain, contextObjectContext } from "#domain/seal-contexts.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Vault } from "#platform/vault/vault.ts";

export interface Wanted {
  readonly reference: ContextReference;
  /** Of the submission: what was written before it is seen. */
  readonly position: bigint;
}

export interface SeenContext {
  readonly fields: Readonly<Record<string, unknown>>;
  /** The revision that was seen. */
  readonly version: string;
}

export interface Contexts {
  /** In the order given; undefined where there is none, or it can't be opened any more. */
  lookUp(wanted: readonly Wanted[]): Promise<(SeenContext | undefined)[]>;
}

export interface ContextsOptions {
  readonly eventStore: Pick<EventStore, "head" | "follow" | "readStreamBackwards">;
  readonly vault: Pick<Vault, "openReadable" | "fingerprint">;
  readonly signal: AbortSignal;
  readonly maxBytes?: number;
}

/** `sealed` is undefined where it is removed, or never was. */
interface Newest {
  readonly revision: bigint;
  readonly sealed: Sealed | undefined;
}

const MAX_BYTES = 64 * 1024 * 1024;
const ENTRY_BYTES = 400;
const READS_AT_ONCE = 64;
const NOTHING: Newest = { revision: -1n, sealed: undefined };

const codec = createCodec(contextEvents);

export async function openContexts(options: ContextsOptions): Promise<Contexts> {
  const { eventStore, vault, signal, maxBytes = MAX_BYTES } = options;
  const atHand = new LRUCache<string, Newest>({
    maxSize: maxBytes,
    sizeCalculation: ({ sealed }) => ENTRY_BYTES + (sealed?.data.length ?? 0),
  });
  let followed = await eventStore.head();
  const streamOf = ({ kind, id }: ContextReference): string =>
    contextStream(kind, vault.fingerprint(contextDomain(kind), id));

  function keep(stream: string, newest: Newest): Newest {
    const before = atHand.peek(stream);
    if (before !== undefined && before.revision > newest.revision) return before; // 2
    atHand.set(stream, newest);
    return newest;
  }

  eventStore.follow({
    name: "context",
    prefixes: [CONTEXT_STREAM_PREFIX],
    from: followed,
    signal,
    onEvents: async (events, handled) => {
      for (const stored of events) keep(stored.stream, newestIn(stored));
      followed = handled;
    },
  });

  async function read(stream: string): Promise<Newest> {
    const [stored] = await eventStore.readStreamBackwards(stream, 1);
    return keep(stream, stored === undefined ? NOTHING : newestIn(stored));
  }

  async function newestOf(stream: string, position: bigint): Promise<Newest> {
    const known = followed >= position ? atHand.get(stream) : undefined; // 1
    return known ?? (await read(stream));
  }

  return {
    async lookUp(wanted) {
      const streams = wanted.map(({ reference }) => streamOf(reference));
      const newest = ({ position }: Wanted, n: number) => newestOf(streams[n] as string, position);
      const found: Newest[] = [];
      for (let at = 0; at < wanted.length; at += READS_AT_ONCE)
        found.push(
          ...(await Promise.all(wanted.slice(at, at + READS_AT_ONCE).map((one, n) => newest(one, at + n)))),
        );
      const sealed = streams.flatMap((stream, n) => {
        const one = found[n]?.sealed;
        return one === undefined ? [] : [{ n, sealed: one, context: contextObjectContext(stream) }];
      });
      const opened = await vault.openReadable(sealed);
      const seen: (SeenContext | undefined)[] = wanted.map(() => undefined);
      for (const [at, { n }] of sealed.entries()) {
        const object = ContextObject.safeParse(opened[at]);
        if (object.success)
          seen[n] = { fields: object.data.fields, version: `${(found[n] as Newest).revision}` };
      }
      return seen;
    },
  };
}

function newestIn(stored: StoredEvent): Newest {
  const { revision } = stored;
  const decoded = decodeOrPassOver(codec, stored, () => undefined);
  const event = decoded?.known ? decoded.event : undefined;
  return { revision, sealed: event?.type === "ContextPut" ? event.data.sealed : undefined };
}
