// What a batch writer is given, and what it gives.
import type { EventStore } from "./event-store/event-store.ts";
import type { NewEvent } from "./event-store/stored-event.ts";
import type { Loaded } from "./fold-stream.ts";
import type { Log } from "./log.ts";

export type AnyDecision =
  | { readonly accepted: true; readonly events: readonly unknown[] }
  | { readonly accepted: false; readonly reason: string };

export type EventIn<Made extends AnyDecision> =
  Extract<Made, { accepted: true }> extends { readonly events: readonly (infer Event)[] } ? Event : never;

/** Why nothing was written, whatever the decider would have said. */
export interface NotWritten {
  readonly accepted: false;
  readonly reason: "not_the_writer" | "not_stored" | "too_large";
}

export interface Written<Made> {
  readonly decision: Made | NotWritten;
  /** Where in the log the decision is known to be stored. */
  readonly position: bigint | undefined;
}

export interface BatchWriter<State, Command, Made> {
  /** As the last decision left it, stored or not; undefined until it is loaded. */
  readonly state: State | undefined;
  /** Resolves when the stream is loaded; false when this process is not its writer any more. */
  open(): Promise<boolean>;
  /** Rejects only where the decision can't be encoded. */
  write(command: Command): Promise<Written<Made>>;
  /** Takes no more commands, and waits for those that it took. */
  close(): Promise<void>;
}

export interface BatchWriterOptions<State, Command, Made extends AnyDecision> {
  readonly stream: string;
  readonly decider: {
    readonly evolve: (state: State, event: EventIn<Made>) => State;
    readonly decide: (command: Command, state: State) => Made;
  };
  readonly eventStore: EventStore;
  readonly load: () => Promise<Loaded<State>>;
  readonly encode: (
    events: readonly EventIn<Made>[],
    command: Command,
  ) => readonly NewEvent[] | Promise<readonly NewEvent[]>;
  /** Asked before each append and after each wait. */
  readonly mayWrite: () => boolean;
  /**
   * "at_once": a command is decided within write(), on decisions that may not be stored yet. "by_batch": it is decided when the
   * append before it is stored, so that `onStored` sees a state that is exactly what the stream says.
   */
  readonly decides: "at_once" | "by_batch";
  /** Decided before all others each time the stream was loaded: what a writer that died left undone. */
  readonly onLoaded?: (state: State) => readonly Command[];
  readonly onStored?: (stored: Loaded<State>) => void;
  /** While it says so, nothing more is decided until all is stored, so that `onStored` is called also under load. */
  readonly awaitsStored?: (loaded: Loaded<State>) => boolean;
  /** How often it looks whether somebody else has appended; never unless told. */
  readonly lookEveryMs?: number;
  readonly log: Log;
}
