// How an admin's change is made: read the stream, decide, append at that revision, and answer when it is in force here.
import type { Decision } from "#domain/event.ts";
import type { Codec } from "#platform/event-store/codec.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import { APPEND_DEADLINE_MS, inTime } from "../in-time.ts";
import { Refused, refusal } from "../refusal.ts";

interface AnyEvent {
  readonly type: string;
  readonly data: unknown;
}

export interface DeskParts<State, Event extends AnyEvent> {
  readonly eventStore: EventStore;
  readonly codec: Codec<Event>;
  readonly evolve: (state: State, event: Event) => State;
  readonly initial: State;
  /** This process's own view of the same streams. */
  readonly view: { reached(position: bigint, timeoutMs: number): Promise<void> };
  /** Each event tells the whole state, so that the newest is all there is to read. */
  readonly newestTellsAll?: boolean;
}

export type Written<State, Reason extends string> =
  | { readonly done: true; readonly state: State; readonly position: bigint }
  | { readonly done: false; readonly reason: Reason };

export interface Desk<State, Event extends AnyEvent> {
  load(stream: string): Promise<{ readonly state: State; readonly revision: bigint | "no_stream" }>;
  write<Reason extends string>(
    stream: string,
    decide: (state: State) => Decision<Event, Reason>,
  ): Promise<Written<State, Reason>>;
}

const MOST_TRIES = 10;
const IN_FORCE_MS = 5_000;

export function createDesk<State, Event extends AnyEvent>(
  parts: DeskParts<State, Event>,
): Desk<State, Event> {
  const { eventStore, codec, evolve, initial, view, newestTellsAll = false } = parts;

  async function load(stream: string): Promise<{ state: State; revision: bigint | "no_stream" }> {
    let state = initial;
    let revision: bigint | "no_stream" = "no_stream";
    const stored = newestTellsAll
      ? await eventStore.readStreamBackwards(stream, 1)
      : await eventStore.readStream(stream);
    for (const raw of stored) {
      const decoded = codec.decode(raw);
      if (decoded.known) state = evolve(state, decoded.event);
      revision = raw.revision;
    }
    return { state, revision };
  }

  return {
    load,
    async write(stream, decide) {
      for (let attempt = 1; ; attempt += 1) {
        const { state, revision } = await inTime(load(stream));
        const decision = decide(state);
        if (!decision.accepted) return { done: false, reason: decision.reason };
        const [command, at] = [newUuid(), new Date().toISOString()];
        const events = decision.events.map((event, index) =>
          codec.encode(event, { id: deterministicUuid(stream, command, `${index}`), at }),
        );
        try {
          const { position } = await eventStore.append(stream, revision, events, {
            deadlineMs: APPEND_DEADLINE_MS,
          });
          await inForce(view, position);
          return { done: true, state: decision.events.reduce(evolve, state), position };
        } catch (error) {
          // Somebody else was quicker: decide again on what they made of it.
          if (!(error instanceof WrongExpectedRevision) || attempt === MOST_TRIES) throw error;
        }
      }
    },
  };
}

async function inForce(view: DeskParts<never, never>["view"], position: bigint): Promise<void> {
  try {
    await view.reached(position, IN_FORCE_MS);
  } catch {
    const detail = "The change is stored, but not yet in force here";
    throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
  }
}
