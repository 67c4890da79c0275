// Which fields rules can ask for: what each kind of submission names, and what the newest submissions had.
import { z } from "zod";
import { fieldsOf } from "#domain/rules/check/unknown-fields.ts";
import type { LeadQueries } from "#projections/leads/query.ts";
import { allKinds } from "../intake/kinds/kinds.ts";

export interface RecentFields {
  readonly known: ReadonlySet<string>;
  /** How many submissions were looked at. */
  readonly submissions: number;
}

const MAX_LOOKED_AT = 200;
/** A draft is checked with each change, and the names of fields hardly change. */
const KEEP_MS = 30_000;

const NAMED: readonly string[] = allKinds.flatMap(({ body, examples }) => [
  ...(body instanceof z.ZodObject ? Object.keys(body.shape) : []),
  ...examples.flatMap((example) => fieldsOf(example)),
]);

export function createRecentFields(
  leads: Pick<LeadQueries, "list">,
  now: () => number = Date.now,
): () => Promise<RecentFields> {
  let kept: { readonly until: number; readonly fields: Promise<RecentFields> } | undefined;

  async function look(): Promise<RecentFields> {
    const { items } = await leads.list({ limit: MAX_LOOKED_AT });
    const had = items.flatMap(({ payload }) => fieldsOf(payload));
    return { known: new Set([...NAMED, ...had]), submissions: items.length };
  }

  return () => {
    if (kept === undefined || kept.until <= now()) {
      const fields = look();
      kept = { until: now() + KEEP_MS, fields };
      // What could not be read is read again with the next check.
      fields.catch(() => {
        kept = undefined;
      });
    }
    return kept.fields;
  };
}
