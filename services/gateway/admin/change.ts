// How an admin's change is made: decided on the stream, appended, and answered when it is in force here.
import type { AnyDecision, Decider, EventIn } from "#domain/decider.ts";
import type { Codec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { foldStream, UnknownEventType } from "#platform/fold-stream.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import { transact } from "#platform/transact.ts";
import { APPEND_DEADLINE_MS, inTime } from "../in-time.ts";
import { Refused, refusal } from "../refusal.ts";

export interface ChangeParts<State, Command, Made extends AnyDecision> {
  readonly eventStore: EventStore;
  readonly stream: string;
  readonly codec: Codec<EventIn<Made> & { readonly type: string; readonly data: unknown }>;
  readonly decider: Decider<State, Command, Made>;
  /** This process's own view of the same stream. */
  readonly view: { reached(position: bigint, timeoutMs: number): Promise<void> };
}

/** The state after the change and where it stands in the log, or the decider's refusal. */
export type Change<State, Command, Made extends AnyDecision> = (
  command: Command,
) => Promise<{ readonly state: State; readonly position: bigint } | Extract<Made, { accepted: false }>>;

const IN_FORCE_MS = 5_000;

export function changes<State, Command, Made extends AnyDecision>({
  eventStore,
  stream,
  codec,
  decider,
  view,
}: ChangeParts<State, Command, Made>): Change<State, Command, Made> {
  const { initial, evolve } = decider;
  type Refusal = Extract<Made, { accepted: false }>;
  type Event = EventIn<Made>;

  /** What the view passes over is passed over here too: the view has told of it. */
  function readable(stored: StoredEvent): Event | undefined {
    const decoded = decodeOrPassOver(codec, stored, () => undefined);
    if (decoded?.known === false) throw new UnknownEventType(stored);
    return decoded?.event;
  }

  return async (command) => {
    const id = newUuid();
    const at = new Date().toISOString();
    const changed = await transact<State, Event, Refusal>({
      eventStore,
      stream,
      load: () =>
        inTime(
          foldStream<State, Event | undefined>({
            eventStore,
            stream,
            decode: readable,
            evolve: (state, event) => (event === undefined ? state : evolve(state, event)),
            from: { state: initial, revision: "no_stream" },
          }),
        ),
      evolve,
      decide: (state) =>
        decider.decide(command, state) as { accepted: true; events: readonly Event[] } | Refusal,
      encode: (events) =>
        events.map((event, n) =>
          codec.encode(event as never, { id: deterministicUuid(stream, id, `${n}`), at }),
        ),
      deadlineMs: APPEND_DEADLINE_MS,
    });
    if (!changed.accepted) return changed;
    const { state, position = 0n } = changed;
    await inForce(view, position);
    return { state, position };
  };
}

async function inForce(view: ChangeParts<never, never, never>["view"], position: bigint): Promise<void> {
  try {
    await view.reached(position, IN_FORCE_MS);
  } catch {
    const detail = "The change is stored, but not yet in force here; read it again in a moment";
    throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
  }
}
