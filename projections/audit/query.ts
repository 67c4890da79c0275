// Who changed what, and what it was before; the configuration is read from the log.
import type { Database } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { preparedOnce } from "../checkpoint.ts";
import { momentOf, pageByTime } from "../cursor.ts";
import { positionWatch } from "../reached.ts";
import { readRun, runsOf } from "../stream-runs.ts";
import { type AuditedEvent, type BeforeAndAfter, beforeAndAfter, PASSED_ON, readAudited } from "./change.ts";
import { type AuditRow, auditModel, LISTED } from "./projection.ts";

export interface AuditItem extends BeforeAndAfter {
  readonly position: string;
  readonly at: string;
  readonly by: string;
  readonly type: string;
  readonly about: string;
  readonly reason?: string;
}

export interface AuditFilter {
  readonly by?: string | undefined;
  /** Exactly as an item has it. */
  readonly about?: string | undefined;
  /** Without it, what was only passed on is left out. */
  readonly type?: string | undefined;
  /** Made then or later. */
  readonly from?: Date | undefined;
  /** Made before then. */
  readonly to?: Date | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface AuditQueries {
  /** Newest first. Throws InvalidCursor. */
  list(filter: AuditFilter): Promise<{ readonly items: AuditItem[]; readonly next_cursor?: string }>;
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

export interface AuditQueryParts {
  readonly database: Database;
  readonly eventStore: Pick<EventStore, "readStream">;
}

/** Whose events are held at once. */
const MAX_ROWS = 16;
const RUNS = { maxGap: 2, maxCount: 16 };

const placeOf = (stream: string, revision: bigint): string => `${stream} ${revision}`;

export function createAuditQueries({ database, eventStore }: AuditQueryParts): AuditQueries {
  const ready = preparedOnce(database, auditModel);
  const watch = positionWatch(database, auditModel.name);

  /** With what configured the same object before. */
  async function eventsOf(rows: readonly AuditRow[]): Promise<ReadonlyMap<string, AuditedEvent>> {
    const wanted = new Map<string, Set<number>>();
    for (const { stream, revision, earlier } of rows) {
      const revisions = wanted.get(stream) ?? new Set();
      wanted.set(stream, revisions.add(Number(revision)));
      if (earlier !== null) revisions.add(Number(earlier));
    }
    const found = new Map<string, AuditedEvent>();
    for (const [stream, revisions] of wanted)
      for (const run of runsOf(
        [...revisions].sort((a, b) => a - b),
        RUNS,
      ))
        for (const stored of await readRun(eventStore, stream, run)) {
          const event = revisions.has(Number(stored.revision)) ? readAudited(stored) : undefined;
          if (event !== undefined) found.set(placeOf(stream, stored.revision), event);
        }
    return found;
  }

  function shown(
    { stream, revision, earlier, ...row }: AuditRow,
    events: ReadonlyMap<string, AuditedEvent>,
  ): AuditItem {
    const event = events.get(placeOf(stream, revision));
    const before = earlier === null ? undefined : events.get(placeOf(stream, earlier));
    const reason = event && "reason" in event.data ? event.data.reason : undefined;
    return {
      position: `${row.position}`,
      at: row.at.toISOString(),
      by: row.by,
      type: row.type,
      about: row.about,
      ...(event && beforeAndAfter(event, before)),
      ...(reason !== undefined && { reason }),
    };
  }

  return {
    async list({ by, about, type, from, to, limit, cursor }) {
      await ready();
      const before = cursor === undefined ? undefined : momentOf(cursor);
      const found = await database.query<AuditRow>(
        `select * from audit.change
          where ${type === PASSED_ON ? "true" : LISTED} and ($2::text is null or type = $2)
            and ($1::text is null or "by" = $1) and ($8::text is null or about = $8)
            and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at < $4)
            and ($5::timestamptz is null or (at, position) < ($5, $6::bigint))
          order by at desc, position desc limit $7`,
        [
          by ?? null,
          type ?? null,
          from ?? null,
          to ?? null,
          before?.at ?? null,
          before?.position ?? null,
          limit + 1,
          about ?? null,
        ],
      );
      const { rows, next } = pageByTime(found, limit, ({ at }) => at);
      const items: AuditItem[] = [];
      // A few after the others: each may hold whole sets of rules.
      for (let n = 0; n < rows.length; n += MAX_ROWS) {
        const some = rows.slice(n, n + MAX_ROWS);
        const events = await eventsOf(some);
        for (const row of some) items.push(shown(row, events));
      }
      return { items, ...next };
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}
