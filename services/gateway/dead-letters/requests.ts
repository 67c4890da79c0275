// Requests to move dead letters: each is an event, and what it chooses follows from where that stands in the log. So the number is exact,
// whoever asks beside it, and what is chosen is moved whatever dies meanwhile (services/timers/move-dead-letters.ts).
import {
  deadLetterEvents,
  deadLetterRequest,
  deadLettersStream,
  RequestId,
  type Selection,
} from "#domain/dead-letter/request.ts";
import { changeStream } from "#platform/change.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { MovingQueries } from "#projections/dead-letters/moving.ts";
import type { DeadLetterQueries } from "#projections/dead-letters/query.ts";
import { APPEND_DEADLINE_MS, withinDeadline } from "../deadlines.ts";
import { type InputError, Refused, refusal } from "../refusal.ts";

export type Move = { readonly action: "redrive" } | { readonly action: "discard"; readonly reason: string };

export interface MoveRequestsParts {
  readonly eventStore: EventStore;
  readonly letters: Pick<DeadLetterQueries, "reached">;
  readonly moving: MovingQueries;
}

export interface MoveRequests {
  /** How many would be moved. */
  count(which: Selection, move: Move): Promise<number>;
  /** Stops what a request moves, or lets it go on; where in the log that is said. */
  hold(id: RequestId, order: "pause" | "resume", by: string): Promise<bigint>;
  /** How many are moved from here on, and where in the log that is said. */
  request(
    which: Selection,
    move: Move,
    by: string,
  ): Promise<{ readonly count: number; readonly position: bigint }>;
}

const CURRENT_MS = 3_000;
const COUNTED_MS = 5_000;
const codec = createCodec(deadLetterEvents);
const { initial, evolve, decide } = deadLetterRequest;

export function createMoveRequests({ eventStore, letters, moving }: MoveRequestsParts): MoveRequests {
  /** What died a moment ago is chosen as well. */
  async function current(): Promise<void> {
    if (await letters.reached(await eventStore.head(), CURRENT_MS)) return;
    const detail = "The list of dead letters is behind the log; nothing was moved, try it again";
    throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
  }

  async function check({ ids }: Selection, { action }: Move): Promise<void> {
    await current();
    if (ids === undefined) return;
    const rows = new Map((await moving.rows(ids)).map((row) => [row.id, row]));
    const errors = ids.flatMap((id, n): InputError[] => {
      const row = rows.get(id.toLowerCase());
      if (row === undefined)
        return [{ path: `ids.${n}`, message: `${id} is no dead letter, or is none any more` }];
      if (action === "discard" || !row.in_doubt) return [];
      const message = `${id} may be with its partner; say what became of it with POST /api/dlq/${id}/resolve first`;
      return [{ path: `ids.${n}`, message }];
    });
    if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
  }

  return {
    async count(which, move) {
      await check(which, move);
      return moving.count(which, move.action);
    },
    async hold(id, order, by) {
      const held = await withinDeadline(
        changeStream({
          eventStore,
          stream: deadLettersStream(id),
          codec,
          initial,
          evolve,
          decide: (state) => decide({ type: order, id }, state),
          by,
          deadlineMs: APPEND_DEADLINE_MS,
        }),
      );
      if (held.accepted) return held.position ?? (await eventStore.head());
      if (held.reason !== "carried_out") throw new Refused(refusal("not_found"));
      const detail = "This request is carried out: there is nothing left to pause or to resume";
      throw new Refused(refusal("conflict", { detail }));
    },
    async request(which, move, by) {
      await check(which, move);
      const id = RequestId.parse(newUuid());
      const command =
        move.action === "redrive"
          ? ({ type: "redrive", id, which } as const)
          : ({ type: "discard", id, which, reason: move.reason } as const);
      const requested = await withinDeadline(
        changeStream({
          eventStore,
          stream: deadLettersStream(id),
          codec,
          initial,
          evolve,
          decide: (state) => decide(command, state),
          by,
          deadlineMs: APPEND_DEADLINE_MS,
        }),
      );
      if (!requested.accepted) throw new Error(`a new request was refused: ${requested.reason}`);
      const { position = 0n } = requested;
      const count = (await letters.reached(position, COUNTED_MS)) ? await moving.chosen(id) : undefined;
      if (count !== undefined) return { count, position };
      const detail = "The request is stored and will be carried out, but how many it moves is not known yet";
      throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
    },
  };
}
