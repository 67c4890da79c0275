// What people configure: one stream for each kind of it, followed by every gateway process and changed by its decider.
import type { AnyDecision, Decider, EventIn } from "#domain/decider.ts";
import { changeStream } from "#platform/change.ts";
import type { Codec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
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

/** The configuration of the process. */
export const BY_CONFIGURATION = "admin";

export async function change<State, Command, Made extends AnyDecision>(
  eventStore: EventStore,
  { stream, codec, decider }: Configuration<State, Command, Made>,
  command: Command,
  { by, deadlineMs }: { readonly by: string; readonly deadlineMs?: number },
): Promise<Changed<State, Made>> {
  type Event = EventIn<Made> & { readonly type: string; readonly data: unknown };
  type Refusal = Extract<Made, { accepted: false }>;
  const { initial, evolve } = decider;
  const changed = await changeStream<State, Event, Refusal>({
    eventStore,
    stream,
    codec,
    initial,
    evolve,
    decide: (state) =>
      decider.decide(command, state) as { accepted: true; events: readonly Event[] } | Refusal,
    by,
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  if (!changed.accepted) return changed;
  const { state, position = 0n } = changed;
  return { state, position };
}
