// A subscription to the whole log that never gives up.
import type { StoredEvent } from "./stored-event.ts";

export interface FollowOptions {
  readonly name: string;
  /** Streams whose names begin with one of these. */
  readonly prefixes: readonly string[];
  /** The position that was handled last; events after it follow. */
  readonly from: bigint | "start" | "end";
  /**
   * Gets what has arrived, in order; the next call waits for this one. `position` is how far the log is then handled; an empty
   * batch only moves it. When it throws, the same events come again.
   */
  readonly onEvents: (events: StoredEvent[], position: bigint) => Promise<void>;
  /** Each time the end of the log is reached and everything before it is handled. */
  readonly onCaughtUp?: () => void;
  readonly batch?: { readonly maxCount: number };
  readonly signal: AbortSignal;
}

export interface Following {
  readonly name: string;
  /** How far the log is handled; undefined before anything is. */
  readonly position: bigint | undefined;
  /** Whether the end of the log has been reached since the last (re)subscription. */
  readonly live: boolean;
  /** Arrived and not yet handled. */
  readonly waiting: number;
  /** How far behind the end of the log, in positions: 0 when live with nothing waiting. */
  lag(): Promise<number>;
  /** Resolves when the signal was given and the last batch is handled. Never rejects. */
  readonly done: Promise<void>;
}
