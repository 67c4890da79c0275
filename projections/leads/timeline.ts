// All that happened to one lead, with each attempt's request, answer and timings in the clear for who may see them.
import { Sealed } from "#domain/event.ts";
import type { Database } from "#platform/database.ts";
import type { Vault } from "#platform/vault/vault.ts";

export interface Timings {
  readonly total_ms: number;
  readonly partner_ms: number;
  readonly overhead_ms: number;
}

/** One event; beside these fields it has those of the event that are not personal. */
export interface TimelineItem {
  readonly position: string;
  readonly at: string;
  readonly type: string;
  readonly attempt?: number;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly timings?: Timings;
  readonly [field: string]: unknown;
}

interface Row {
  readonly position: bigint;
  readonly at: Date;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Which field of an event is which part of an attempt. */
const SEALED_PARTS = { sealed_request: "request", sealed_response: "response" } as const;

export async function timelineOf(database: Database, vault: Vault, id: string): Promise<TimelineItem[]> {
  const rows = await database.query<Row>(
    "select position, at, type, data from leads.timeline where lead_id = $1 order by position",
    [id],
  );
  const opened = await openParts(vault, rows);
  const requests = new Map<string, unknown>();
  return rows.map(({ position, at, type, data }, index) => {
    const { sealed_request, sealed_response, submission_id, ...rest } = data;
    // An outcome that ends the delivery says how many attempts there were: it is that of the last one.
    const number = data.attempt ?? (data.timings === undefined ? undefined : data.attempts);
    const attempt = `${data.delivery_id} ${number}`;
    const parts: Record<string, unknown> = {
      ...(number !== undefined && { attempt: number }),
      ...opened[index],
    };
    if ("request" in parts) requests.set(attempt, parts.request);
    // An attempt's outcome repeats what was asked, so that the one item tells all of it.
    else if (requests.has(attempt)) parts.request = requests.get(attempt);
    return { position: String(position), at: at.toISOString(), type, ...rest, ...parts };
  });
}

/** What stands sealed in each row, in the clear; null where its key is destroyed. */
async function openParts(vault: Vault, rows: readonly Row[]): Promise<Record<string, unknown>[]> {
  const sealed = rows.flatMap(({ data }, row) =>
    Object.entries(SEALED_PARTS).flatMap(([field, part]) => {
      const parsed = Sealed.safeParse(data[field]);
      return parsed.success
        ? [{ row, part, sealed: parsed.data, context: `delivery-${data.delivery_id}` }]
        : [];
    }),
  );
  const values = await vault.openMany(sealed);
  const parts: Record<string, unknown>[] = rows.map(() => ({}));
  for (const [index, { row, part }] of sealed.entries()) {
    const of = parts[row];
    if (of !== undefined) of[part] = values[index] ?? null;
  }
  return parts;
}
