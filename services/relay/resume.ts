import type { Bus } from "#platform/bus/bus.ts";
import { positionIn, RESUME } from "#platform/bus/positions.ts";
import type { UnfinishedQueries } from "#projections/unfinished/query.ts";

export interface Start {
  /** Events after this position are to be published. */
  readonly from: bigint;
  readonly emptyStream: boolean;
}

/**
 * The stream's last message says where to resume, so a tail that JetStream lost is published again and no checkpoint of our own
 * can run ahead of the stream. An empty stream knows nothing: then the list of what is unfinished says how far it reaches, and
 * everything unfinished before that is the reconciler's.
 */
export async function whereToStart(parts: {
  readonly bus: Bus;
  readonly unfinished: UnfinishedQueries;
}): Promise<Start> {
  const last = await parts.bus.lastMessage();
  const from = last && positionIn(last, RESUME);
  // One that says nothing was published to an empty stream.
  if (from !== undefined) return { from, emptyStream: false };
  return { from: await parts.unfinished.checkpoint(), emptyStream: true };
}
