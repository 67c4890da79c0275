// The log in memory, with the rules of the real one: exact revisions, and an append that is repeated with the same ids is answered as the
// first was.
import { EventStoreUnavailable, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent, StoredEvent } from "#platform/event-store/stored-event.ts";
import { pause } from "#platform/retry.ts";
import type { Process } from "./clock.ts";
import type { Network, Unanswered } from "./network.ts";

type Append = EventStore["append"];

export interface SimulatedLog {
  readonly events: readonly StoredEvent[];
  stream(name: string): readonly StoredEvent[];
  append(
    stream: string,
    expected: Parameters<Append>[1],
    events: readonly NewEvent[],
  ): Awaited<ReturnType<Append>>;
  /** As a process uses it. */
  of(process: Process, network: Network): EventStore;
}

const UNANSWERED: Unanswered = {
  afterMs: 10_000,
  error: () => new EventStoreUnavailable("no answer"),
};
const LOOK_MS = 30;
const BACKOFF_MS = 100;

/** What is wrong on purpose, to see that it is found. */
export type Planted = "no_fencing" | "forgotten_appends";

export function createLog(planted?: Planted): SimulatedLog {
  const events: StoredEvent[] = [];
  const streams = new Map<string, StoredEvent[]>();
  const streamOf = (name: string): StoredEvent[] => streams.get(name) ?? [];

  const append: SimulatedLog["append"] = (stream, expected, added) => {
    const known = streamOf(stream);
    const last = BigInt(known.length - 1);
    const wanted = expected === "no_stream" ? -1n : expected;
    if (wanted !== "any" && wanted !== last && planted !== "no_fencing") {
      const from = Number(wanted) + 1;
      const isRepeat = added.every(({ id }, n) => known[from + n]?.id === id);
      const repeated = known[from + added.length - 1];
      if (!isRepeat || repeated === undefined)
        throw new WrongExpectedRevision(stream, known.length === 0 ? "no_stream" : last);
      return { revision: repeated.revision, position: repeated.position };
    }
    if (planted === "forgotten_appends" && known.length % 3 === 2)
      return { revision: last + BigInt(added.length), position: BigInt(events.length) };
    streams.set(stream, known);
    for (const { id, type, data, metadata } of added) {
      const stored: StoredEvent = {
        id,
        stream,
        type,
        version: metadata.schema,
        revision: BigInt(known.length),
        position: BigInt(events.length + 1),
        data: JSON.parse(JSON.stringify(data)),
        metadata,
        created: new Date(),
        rawMetadata: Buffer.from(JSON.stringify(metadata)),
      };
      known.push(stored);
      events.push(stored);
    }
    return { revision: BigInt(known.length - 1), position: BigInt(events.length) };
  };

  function of(process: Process, network: Network): EventStore {
    const call = <T>(effect: () => T): Promise<T> => network.call(process, effect, UNANSWERED);
    const readStream: EventStore["readStream"] = (
      stream,
      { from = 0n, maxCount = Number.MAX_SAFE_INTEGER } = {},
    ) => call(() => streamOf(stream).slice(Number(from), Number(from) + maxCount));

    return {
      append: (stream, expected, added) => call(() => append(stream, expected, added)),
      readStream,
      readStreamBackwards: (stream, maxCount) => call(() => streamOf(stream).slice(-maxCount).reverse()),
      async *streamEvents(stream, from = 0n) {
        yield* await readStream(stream, { from });
      },
      head: () => call(() => BigInt(events.length)),
      newest: () => call(() => events.at(-1)),
      follow({ name, prefixes, from, onEvents, onCaughtUp, signal }) {
        let position = from === "start" ? 0n : from === "end" ? BigInt(events.length) : from;
        const isWanted = ({ stream }: StoredEvent): boolean =>
          prefixes.length === 0 || prefixes.some((prefix) => stream.startsWith(prefix));
        async function round(): Promise<void> {
          const end = BigInt(events.length);
          if (end === position) return onCaughtUp?.();
          const batch = events.slice(Number(position), Number(end)).filter(isWanted);
          await onEvents(batch, end);
          position = end;
        }
        async function loop(): Promise<void> {
          while (!signal.aborted) {
            try {
              await round();
              await pause(LOOK_MS + network.random.next() * LOOK_MS, signal);
            } catch {
              await pause(BACKOFF_MS, signal);
            }
          }
        }
        return {
          name,
          get position() {
            return position;
          },
          live: true,
          waiting: 0,
          lag: async () => events.length - Number(position),
          done: loop(),
        };
      },
      scan: () => {
        throw new Error("no actor scans the log");
      },
      close: async () => undefined,
    };
  }
  return { events, stream: streamOf, append, of };
}
