// Who changed what, and what it was before; the configuration is read from the log.
import type { Database } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { preparedOnce } from "../checkpoint.ts";
import { momentOf, pageByTime } from "../cursor.ts";
import { positionWatch } from "../reached.ts";
import { type AuditedEvent, type BeforeAndAfter, beforeAndAfter, readAudited } from "./change.ts";
import { type AuditRow, auditModel } from "./projection.ts";

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

export function createAuditQueries({ database, eventStore }: AuditQueryParts): AuditQueries {
  const ready = preparedOnce(database, auditModel);
  const watch = positionWatch(database, auditModel.name);

  async function eventAt(stream: string, from: bigint | null): Promise<AuditedEvent | undefined> {
    if (from === null) return undefined;
    const [stored] = await eventStore.readStream(stream, { from, maxCount: 1 });
    return stored && readAudited(stored);
  }

  async function shown({ stream, revision, earlier, ...row }: AuditRow): Promise<AuditItem> {
    const [event, before] = await Promise.all([eventAt(stream, revision), eventAt(stream, earlier)]);
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
    async list({ by, type, from, to, limit, cursor }) {
      await ready();
      const before = cursor === undefined ? undefined : momentOf(cursor);
      const found = await database.query<AuditRow>(
        `select * from audit.change
          where ($1::text is null or "by" = $1) and ($2::text is null or type = $2)
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
        ],
      );
      const { rows, next } = pageByTime(found, limit, ({ at }) => at);
      const items: AuditItem[] = [];
      // One after the other: each may hold a whole set of rules.
      for (const row of rows) items.push(await shown(row));
      return { items, ...next };
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}
