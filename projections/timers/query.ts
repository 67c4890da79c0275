// Which timers are due, page by page.
import type { Database } from "#platform/database.ts";
import { preparedOnce, readCheckpoint } from "../checkpoint.ts";
import { type TimerRow, timersModel } from "./projection.ts";

export type Timer = TimerRow;

/** Everything that was due by then, by events up to this position, has been seen. */
export interface SeenTimers {
  /** In milliseconds. */
  readonly due: number;
  readonly position: bigint;
}

export interface TimerQueries {
  /** Those due by `now` that were not seen yet, the earliest first; `after` is the last of the page before. */
  due(filter: {
    readonly now: number;
    readonly seen: SeenTimers;
    readonly after?: Timer | undefined;
    readonly limit: number;
  }): Promise<Timer[]>;
  /** When the next one is due after this. */
  nextDue(after: number): Promise<number | undefined>;
  /** How far into the log these answers reach. */
  position(): Promise<bigint>;
}

const NOBODY = "00000000-0000-0000-0000-000000000000";

export function createTimerQueries({ database }: { readonly database: Database }): TimerQueries {
  const ready = preparedOnce(database, timersModel);
  return {
    async due({ now, seen, after, limit }) {
      await ready();
      const rows = `select delivery_id, submission_id, partner, campaign, revision, due_at, position from timers.timer
        where (due_at, delivery_id) > ($1, $2::uuid)`;
      // Late are those whose event came into the read model after their time had been looked at.
      return database.query<Timer>(
        `(${rows} and due_at > $3 and due_at <= $4 order by due_at, delivery_id limit $6)
          union all
         (${rows} and due_at <= $3 and due_at <= $4 and position > $5 order by due_at, delivery_id limit $6)
          order by due_at, delivery_id limit $6`,
        [
          after?.due_at ?? new Date(0),
          after?.delivery_id ?? NOBODY,
          new Date(seen.due),
          new Date(now),
          seen.position,
          limit,
        ],
      );
    },
    async nextDue(after) {
      await ready();
      const [row] = await database.query<{ readonly due_at: Date | null }>(
        "select min(due_at) as due_at from timers.timer where due_at > $1",
        [new Date(after)],
      );
      return row?.due_at?.getTime();
    },
    async position() {
      await ready();
      return (await readCheckpoint(database, timersModel.name))?.position ?? 0n;
    },
  };
}
