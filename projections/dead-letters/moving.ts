// What those need to know who ask for dead letters to be moved, and who move them.
import type { RequestId, Selection } from "#domain/dead-letter/request.ts";
import type { Database } from "#platform/database.ts";
import { preparedOnce } from "../checkpoint.ts";
import { chosenBy, type DeadLetterAction, type DeadLetterRow, deadLettersModel } from "./projection.ts";

export type { DeadLetterRow } from "./projection.ts";

/** One that is being carried out. */
export interface DeadLetterRequest {
  readonly id: RequestId;
  readonly action: DeadLetterAction;
  readonly reason: string | null;
  readonly asked_by: string | null;
}

export interface RequestUnderWay {
  readonly id: RequestId;
  readonly action: DeadLetterAction;
  readonly by: string | null;
  readonly count: number;
  readonly moved: number;
  readonly paused: boolean;
}

const MAX_SHOWN = 100;

export interface MovingQueries {
  rows(ids: readonly string[]): Promise<DeadLetterRow[]>;
  /** How many a request would choose that is made now. */
  count(which: Selection, action: DeadLetterAction): Promise<number>;
  /** How many a request has chosen; undefined where it is not in the model yet. */
  chosen(request: RequestId): Promise<number | undefined>;
  /** Those that are to be carried out, in the order in which they were made; not those that are paused. */
  requests(): Promise<DeadLetterRequest[]>;
  /** Those that are not carried out yet, the oldest first, with how far they are. */
  underWay(): Promise<RequestUnderWay[]>;
  /** What is left of what a request has chosen, in the order in which it died. */
  leftOf(
    request: RequestId,
    page: { readonly after: bigint; readonly limit: number },
  ): Promise<DeadLetterRow[]>;
}

export function createMovingQueries({ database }: { readonly database: Database }): MovingQueries {
  const ready = preparedOnce(database, deadLettersModel);
  return {
    async rows(ids) {
      await ready();
      return database.query<DeadLetterRow>("select * from dead_letters.letter where id = any($1::uuid[])", [
        ids,
      ]);
    },
    async count(which, action) {
      await ready();
      const { where, params } = chosenBy(which, action, 1);
      const [row] = await database.query<{ readonly count: bigint }>(
        `select count(*) from dead_letters.letter where ${where}`,
        params,
      );
      return Number(row?.count);
    },
    async chosen(request) {
      await ready();
      const [row] = await database.query<{ readonly count: bigint }>(
        "select count from dead_letters.request where id = $1",
        [request],
      );
      return row && Number(row.count);
    },
    async requests() {
      await ready();
      return database.query<DeadLetterRequest>(
        "select id, action, reason, asked_by from dead_letters.request where not carried_out and not paused order by position",
      );
    },
    async underWay() {
      await ready();
      const found = await database.query<
        Record<"count" | "to_move", bigint> & Omit<RequestUnderWay, "count" | "moved">
      >(
        `select id, action, asked_by as by, count, to_move, paused from dead_letters.request
          where not carried_out order by position limit ${MAX_SHOWN}`,
      );
      return found.map(({ count, to_move, ...request }) => ({
        ...request,
        count: Number(count),
        moved: Number(count - to_move),
      }));
    },
    async leftOf(request, { after, limit }) {
      await ready();
      return database.query<DeadLetterRow>(
        "select * from dead_letters.letter where chosen_by = $1 and position > $2 order by position limit $3",
        [request, after, limit],
      );
    },
  };
}
