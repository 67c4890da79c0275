// What the shadow rules would have decided so far.
import type { ComparisonResult } from "#domain/submission/comparison.ts";
import type { Database } from "#platform/database.ts";
import { preparedOnce } from "../checkpoint.ts";
import { type ShadowRow, shadowModel } from "./projection.ts";

export interface ShadowQueries {
  /** Undefined where this version is not known, or not any more. */
  counts(version: number): Promise<ComparisonResult | undefined>;
}

export function createShadowQueries({ database }: { readonly database: Database }): ShadowQueries {
  const ready = preparedOnce(database, shadowModel);
  return {
    async counts(version) {
      await ready();
      const [row] = await database.query<ShadowRow>("select counts from shadow.shadow where version = $1", [
        version,
      ]);
      return row?.counts;
    },
  };
}
