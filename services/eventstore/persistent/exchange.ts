// What a group is told, and what it asks for in return.

/** An event that was read for the group. */
export interface Candidate<E> {
  readonly id: string;
  /** A hash of its stream, for the pinned strategies. */
  readonly pin: number;
  readonly bytes: number;
  /** Its place in the source, or among the parked messages when it is replayed. */
  readonly at: bigint;
  readonly event: E;
}

export interface Message<E> extends Candidate<E> {
  readonly seq: number;
  readonly origin: "source" | "parked";
  retries: number;
}

export type NackAction = "park" | "retry" | "skip" | "stop";

export type Input<E> =
  | { readonly kind: "joined"; readonly consumer: number; readonly slots: number }
  | { readonly kind: "left"; readonly consumer: number }
  | { readonly kind: "paused"; readonly consumer: number }
  | { readonly kind: "resumed"; readonly consumer: number }
  | {
      readonly kind: "pushed";
      readonly events: ReadonlyArray<Candidate<E>>;
      /** The last place that was looked at. */
      readonly through: bigint;
      /** How many events the filter dropped on the way there. */
      readonly skipped: number;
      readonly caughtUp: boolean;
    }
  | { readonly kind: "replayed"; readonly events: ReadonlyArray<Candidate<E>>; readonly through: bigint }
  | { readonly kind: "acked"; readonly ids: readonly string[] }
  | {
      readonly kind: "nacked";
      readonly consumer: number;
      readonly ids: readonly string[];
      readonly action: NackAction;
      readonly reason: string;
    }
  /** The answers to the effect `park`. */
  | { readonly kind: "parked"; readonly message: Message<E> }
  | { readonly kind: "not_parked"; readonly message: Message<E> }
  | { readonly kind: "ticked" };

export type Effect<E> =
  | { readonly kind: "deliver"; readonly consumer: number; readonly message: Message<E> }
  | { readonly kind: "park"; readonly message: Message<E>; readonly reason: string }
  | { readonly kind: "record_checkpoint"; readonly through: bigint }
  | { readonly kind: "forget_parked"; readonly through: bigint }
  | { readonly kind: "dismiss"; readonly consumer: number };
