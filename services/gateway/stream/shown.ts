// Whether whoever reads again now sees what happened: in the read models, and in what this process holds of the configuration.
import type { Database } from "#platform/database.ts";
import type { LiveView } from "#platform/live-view.ts";
import { preparedOnce } from "#projections/checkpoint.ts";
import { deadLettersModel } from "#projections/dead-letters/projection.ts";
import { leadsModel } from "#projections/leads/projection.ts";
import { partnersModel } from "#projections/partners/projection.ts";
import { positionWatch } from "#projections/reached.ts";
import type { View } from "./messages.ts";

const MODELS = [leadsModel, deadLettersModel, partnersModel];

/**
 * Resolves once the read models show everything up to this position, and each of this process's views what changed it last; false when
 * that takes too long. A view hears of nothing else, so it need not reach any other position.
 */
export type Shown = (
  position: bigint,
  timeoutMs: number,
  changed: Partial<Readonly<Record<View, bigint>>>,
) => Promise<boolean>;

export interface ShownParts {
  readonly database: Database;
  readonly views: Readonly<Record<View, Pick<LiveView<unknown>, "reached">>>;
}

export function createShown({ database, views }: ShownParts): Shown {
  const ready = MODELS.map((model) => preparedOnce(database, model));
  const models = positionWatch(database, ...MODELS.map(({ name }) => name));
  return async (position, timeoutMs, changed) => {
    for (const prepared of ready) await prepared();
    try {
      const all = Object.entries(changed) as [View, bigint][];
      await Promise.all(all.map(([view, at]) => views[view].reached(at, timeoutMs)));
    } catch {
      return false;
    }
    return models.reached(position, timeoutMs);
  };
}
