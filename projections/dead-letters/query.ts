// What people ask about dead letters. The payload is read from the log and opened.

import type { Selection } from "#domain/dead-letter/request.ts";
import { RefusedMessage } from "#domain/intake/events.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Database } from "#platform/database.ts";
import { preparedOnce } from "../checkpoint.ts";
import { pageOf, positionOf } from "../cursor.ts";
import { positionWatch } from "../reached.ts";
import { isOfLead, type OpenedLettersParts, openedLetters } from "./payload.ts";
import { type DeadLetterRow, deadLettersModel } from "./projection.ts";

export interface DeadLetter {
  readonly id: string;
  readonly lead_id?: string;
  /** With the member's own id above. */
  readonly campaign?: string;
  readonly stage: string;
  readonly partner?: string;
  readonly reason: string;
  /** Where the reason is that the outcome is unknown: why that is so. */
  readonly detail?: string;
  readonly attempts: number;
  readonly at: string;
  /** As it came, or a text where it is no JSON; null once it can't be read any more. */
  readonly payload: unknown;
  readonly forgotten?: true;
  /** It has to be said what became of it before it is sent again. */
  readonly in_doubt?: true;
  /** A request to move it is being carried out. */
  readonly moving?: true;
}

export interface DeadLetterFilter extends Pick<Selection, "stage" | "partner" | "cause"> {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface CauseCount {
  readonly cause: string;
  readonly count: number;
}

const MAX_CAUSES = 200;

export interface DeadLetterQueries {
  /** Newest first. Throws InvalidCursor. */
  list(filter: DeadLetterFilter): Promise<{ readonly items: DeadLetter[]; readonly next_cursor?: string }>;
  /** How many there are of each cause, those with most first. */
  causes(filter: Pick<Selection, "stage" | "partner">): Promise<CauseCount[]>;
  byId(id: string): Promise<DeadLetter | undefined>;
  /** By stage, and of those that ended in delivery by partner. */
  counts(): Promise<{ readonly stage: string; readonly partner: string | null; readonly count: bigint }[]>;
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

export interface DeadLetterParts extends OpenedLettersParts {
  readonly database: Database;
}

export function createDeadLetterQueries({ database, ...parts }: DeadLetterParts): DeadLetterQueries {
  const ready = preparedOnce(database, deadLettersModel);
  const watch = positionWatch(database, deadLettersModel.name);

  async function inTheClear(rows: readonly DeadLetterRow[]): Promise<DeadLetter[]> {
    const opened = await openedLetters(rows, parts);
    return rows.map((row, n) => shown(row, opened[n]));
  }

  return {
    async list({ stage, partner, cause, limit, cursor }) {
      await ready();
      const found = await database.query<DeadLetterRow>(
        `select * from dead_letters.letter
          where ($1::text is null or stage = $1) and ($2::text is null or partner = $2)
            and ($3::text is null or shown_cause = $3) and ($4::bigint is null or position < $4)
          order by position desc limit $5`,
        [
          stage ?? null,
          partner ?? null,
          cause ?? null,
          cursor === undefined ? null : positionOf(cursor),
          limit + 1,
        ],
      );
      const page = pageOf(found, limit);
      return { items: await inTheClear(page.rows), ...page.next };
    },
    async causes({ stage, partner }) {
      await ready();
      const found = await database.query<{ readonly cause: string; readonly count: bigint }>(
        `select cause, sum(count)::bigint as count from dead_letters.cause
          where ($1::text is null or stage = $1) and ($2::text is null or partner = $2)
          group by cause order by count desc, cause limit ${MAX_CAUSES}`,
        [stage ?? null, partner ?? null],
      );
      return found.map(({ cause, count }) => ({ cause, count: Number(count) }));
    },
    async byId(id) {
      await ready();
      const found = await database.query<DeadLetterRow>("select * from dead_letters.letter where id = $1", [
        id,
      ]);
      return (await inTheClear(found))[0];
    },
    async counts() {
      await ready();
      return database.query(
        `select stage, case when stage = 'deliver' then nullif(partner, '') end as partner, sum(count)::bigint as count
           from dead_letters.cause group by 1, 2`,
      );
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}

function shown(row: DeadLetterRow, opened: unknown): DeadLetter {
  const { id, stage, partner, reason, attempts, at, in_doubt, chosen_by } = row;
  const isLead = isOfLead(row);
  return {
    id,
    ...(isLead && { lead_id: id }),
    ...(row.campaign !== null && { campaign: row.campaign }),
    stage,
    ...(partner !== null && { partner }),
    // Whatever broke the call: what matters is that nobody knows what became of it.
    ...(in_doubt ? { reason: "outcome_unknown", detail: reason } : { reason }),
    attempts,
    at: at.toISOString(),
    payload: isLead ? payloadOf(opened) : stage === "campaign" ? (opened ?? null) : messageOf(opened),
    ...(opened === undefined && { forgotten: true }),
    ...(in_doubt && { in_doubt: true }),
    ...(chosen_by !== null && { moving: true }),
  };
}

function payloadOf(opened: unknown): unknown {
  const submission = Submission.safeParse(opened);
  return submission.success ? submission.data.payload : null;
}

/** What was sent, as far as it was kept. */
function messageOf(opened: unknown): unknown {
  const { body } = RefusedMessage.safeParse(opened).data ?? {};
  if (body === undefined) return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}
