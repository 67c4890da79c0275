// How far each read model is, and how to have one built anew.
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { type Database, isMissingTable } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { onceDone, prepareCheckpoints, rebuildOf, rebuiltName } from "./checkpoint.ts";
import type { Comparison } from "./comparison.ts";
import { readSkipped, type SkippedPage } from "./skipped.ts";

export interface ProjectionProgress {
  readonly name: string;
  readonly position: string;
  /** How much of the log it has yet to take in; 0 when it is up to date. */
  readonly lag: number;
  /** When it was last built from the beginning. */
  readonly rebuilt_at: string | null;
  /** What it was like beside the one that it has taken the place of; absent where that had another version, or was not whole. */
  readonly compared?: Comparison;
  /** How many events it has passed over, since it can't read or write them. */
  readonly skipped: number;
  /** Its rows tell of events that the log does not have (any more): the log was restored from an older copy. */
  readonly beyond_log?: true;
  /** How far a rebuild that is under way has come, and where the log ends now. */
  readonly rebuilding?: {
    readonly position: string;
    readonly of: string;
    /** Of the last second. */
    readonly events_per_second: number;
  };
}

export interface ProgressQueries {
  list(): Promise<ProjectionProgress[]>;
  /** What the model in use has passed over; undefined where there is no such model. Throws InvalidCursor. */
  skipped(
    name: string,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<SkippedPage | undefined>;
}

interface Row {
  readonly schema_name: string;
  readonly position: bigint;
  readonly rebuilt_at: Date | null;
  readonly lag: bigint;
  /** Where the log, and the model, were when the lag was reported; null from the previous release. */
  readonly reported_head: bigint | null;
  readonly reported_position: bigint | null;
  readonly skipped: bigint;
  readonly compared: Comparison | null;
  readonly events_per_second: number;
  readonly silent: boolean;
}

/** Whoever runs a projection reports its lag each second; after so long without a report nobody runs it. */
const SILENCE = "10 seconds";

/**
 * At this end of the log. A report may be seconds old, so what the log has got since counts as well, but for what the model has taken in
 * since; a report alone would say 0 of a model that stands far behind.
 */
function lagAt(head: bigint, { position, lag, silent, reported_head, reported_position }: Row): bigint {
  const behind = head > position ? head - position : 0n;
  if (silent || reported_head === null || reported_position === null) return behind;
  const came = head > reported_head ? head - reported_head : 0n;
  const now = lag + came - (position - reported_position);
  return now < 0n ? 0n : now < behind ? now : behind;
}

export function createProgressQueries({
  database,
  eventStore,
}: {
  readonly database: Database;
  readonly eventStore: EventStore;
}): ProgressQueries {
  const ready = onceDone(() => prepareCheckpoints(database));
  const rowsNow = (): Promise<Row[]> =>
    database.query<Row>(
      `select schema_name, checkpoint.position, rebuilt_at, skipped, compared, coalesce(report.lag, 0) as lag,
          report.head as reported_head, report.position as reported_position,
          coalesce(report.events_per_second, 0) as events_per_second,
          report.reported_at is null or report.reported_at < now() - interval '${SILENCE}' as silent
         from projections.checkpoint left join projections.report using (schema_name) order by schema_name`,
    );
  /** Somebody may have dropped the tables since. */
  async function asked<T>(read: () => Promise<T>): Promise<T> {
    await ready();
    try {
      return await read();
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      await prepareCheckpoints(database);
      return await read();
    }
  }
  return {
    async skipped(name, page) {
      if (rebuiltName(name) !== undefined) return undefined;
      return asked(() => readSkipped(database, name, page));
    },
    async list() {
      const rows = await asked(rowsNow);
      // After the rows, so that it is no older than they are.
      const head = await eventStore.head();
      const named = new Map(rows.map((row) => [row.schema_name, row]));
      return rows
        .filter((row) => !named.has(rebuiltName(row.schema_name) ?? ""))
        .map((row) => {
          const rebuild = named.get(rebuildOf(row.schema_name));
          return {
            name: row.schema_name,
            position: String(row.position),
            lag: Number(lagAt(head, row)),
            rebuilt_at: row.rebuilt_at?.toISOString() ?? null,
            skipped: Number(row.skipped),
            ...(row.compared && { compared: row.compared }),
            ...(row.position > head && { beyond_log: true as const }),
            ...(rebuild && {
              rebuilding: {
                position: String(rebuild.position),
                of: String(head),
                events_per_second: rebuild.silent ? 0 : rebuild.events_per_second,
              },
            }),
          };
        });
    },
  };
}

export const rebuildSubject = (name: string): string => `projections.rebuild.${name}`;

/** Where a process was lost without a word, the server may go on sending it what others could answer, until it notices. */
const MAX_REQUESTS = 3;
const ANSWER_MS = 2_000;

/**
 * Resolves when the rebuild has begun; from then on it survives every crash. Throws BusError with the reason `no_responders`
 * when there is no such projection or no process runs it now.
 */
export async function requestRebuild(bus: Bus, name: string): Promise<void> {
  for (let left = MAX_REQUESTS - 1; ; left -= 1) {
    try {
      // Twice asked for is begun once.
      return void (await bus.request(rebuildSubject(name), new Uint8Array(), ANSWER_MS));
    } catch (error) {
      if (left === 0 || !(error instanceof BusError) || error.reason !== "timeout") throw error;
    }
  }
}
