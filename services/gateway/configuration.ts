// What people configure: one stream for each kind of it, followed by every gateway process and changed by its decider.
import type { AnyDecision, Decider, EventIn } from "#domain/decider.ts";
import type { Codec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { foldStream, type Loaded, UnknownEventType } from "#platform/fold-stream.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import { transact } from "#platform/transact.ts";
import type { Yard } from "#platform/yard.ts";

export interface Configuration<State, Command, Made extends AnyDecision> {
  readonly name: string;
  readonly stream: string;
  readonly codec: Codec<EventIn<Made> & { readonly type: string; readonly data: unknown }>;
  readonly decider: Decider<State, Command, Made>;
}

/** This process's view of it; `derive` makes what the view shows from the state after each change. */
export function follow<State, Command, Made extends AnyDecision, Value>(
  { eventStore, lifecycle, log, metrics }: Yard,
  { name, stream, codec, decider: { initial, evolve } }: Configuration<State, Command, Made>,
  derive: (state: State, before: Value | undefined) => Value | Promise<Value>,
): Promise<LiveView<Value>> {
  const streams = [stream];
  return liveView({
    name,
    streams,
    eventStore: eventStore(),
    codec,
    initial,
    evolve,
    derive,
    lifecycle,
    log,
    metrics,
  });
}

/** The state after the change and where the change stands in the log, or the decider's refusal. */
export type Changed<State, Made extends AnyDecision> =
  | { readonly state: State; readonly position: bigint }
  | Extract<Made, { accepted: false }>;

/** Whoever has the admin token, or the configuration of the process. */
const ADMIN = "admin";

export async function change<State, Command, Made extends AnyDecision>(
  eventStore: EventStore,
  { stream, codec, decider }: Configuration<State, Command, Made>,
  command: Command,
  deadline: { readonly deadlineMs?: number } = {},
): Promise<Changed<State, Made>> {
  type Event = EventIn<Made>;
  type Refusal = Extract<Made, { accepted: false }>;
  const { initial, evolve } = decider;
  const [id, at] = [newUuid(), new Date().toISOString()];
  const from: Loaded<State> = { state: initial, revision: "no_stream" };
  const changed = await transact<State, Event, Refusal>({
    eventStore,
    stream,
    load: () =>
      foldStream<State, Event | undefined>({
        eventStore,
        stream,
        decode: (stored) => readable(codec, stored),
        evolve: (state, event) => (event === undefined ? state : evolve(state, event)),
        from,
      }),
    evolve,
    decide: (state) =>
      decider.decide(command, state) as { accepted: true; events: readonly Event[] } | Refusal,
    encode: (events) =>
      events.map((event, n) =>
        codec.encode(event as never, { id: deterministicUuid(stream, id, `${n}`), at, by: ADMIN }),
      ),
    ...deadline,
  });
  if (!changed.accepted) return changed;
  const { state, position = 0n } = changed;
  return { state, position };
}

/** Undefined where the view passes over it too, which tells of it. */
function readable<Event extends { readonly type: string; readonly data: unknown }>(
  codec: Codec<Event>,
  stored: StoredEvent,
): Event | undefined {
  const decoded = decodeOrPassOver(codec, stored, () => undefined);
  if (decoded?.known === false) throw new UnknownEventType(stored);
  return decoded?.event;
}
