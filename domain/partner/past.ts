import type { DeliveryId } from "../ids.ts";
import type { KeyUse, PartnerState } from "./state.ts";

// What has ended is of interest for ever and hardly ever: its mail may come again, its key may come again, it may be given back. So a
// state holds it only until it stands in an index, and whoever decides about a delivery that the state does not know looks it up there.

/** What the index says about a delivery and a dedupe key. */
export interface Past {
  /** It knows all that happened up to this revision of the partner's stream. */
  readonly upTo: bigint;
  readonly ended: boolean;
  readonly returned: boolean;
  readonly key: KeyUse | undefined;
}

export const NO_PAST: Past = { upTo: -1n, ended: false, returned: false, key: undefined };

/** Undefined where something that the state holds no more was not looked up: nothing can be decided on that. */
export function pastFor({ pastUpTo }: PartnerState, past: Past | undefined): Past | undefined {
  if (pastUpTo < 0n) return NO_PAST;
  return past !== undefined && past.upTo >= pastUpTo ? past : undefined;
}

/** Whether deciding about the delivery needs the past: what is open has not ended, and what was begun has its key. */
export function needsPast({ pastUpTo, open, ended }: PartnerState, id: DeliveryId): boolean {
  return pastUpTo >= 0n && !ended.has(id) && open.get(id)?.dedupe_key === undefined;
}

/** One delivery that has ended, as the index keeps it. */
export interface EndedDelivery {
  readonly delivery_id: DeliveryId;
  readonly dedupe_key?: string;
  readonly delivered_at?: number;
}

/** What a state held of the past at some moment. */
export interface PastHeld {
  readonly ended: readonly EndedDelivery[];
  readonly returned: readonly DeliveryId[];
  /** The partner has retired: keys that are in the index already count no more. */
  readonly dropsKeys: boolean;
  readonly retirements: number;
}

export function pastHeld({ ended, delivered, returned, hasPastKeys, retirements }: PartnerState): PastHeld {
  const keys = new Map<DeliveryId, Pick<EndedDelivery, "dedupe_key" | "delivered_at">>();
  for (const [dedupe_key, { by, delivered_at }] of delivered) keys.set(by, { dedupe_key, delivered_at });
  return {
    ended: Array.from(ended, (delivery_id) => ({ delivery_id, ...keys.get(delivery_id) })),
    returned: [...returned],
    dropsKeys: !hasPastKeys,
    retirements,
  };
}

/** All of it is in the index now. The state may have gone on, or was loaded anew, since it held that. */
export function forgetPast(
  state: PartnerState,
  { ended, returned, retirements }: PastHeld,
  upTo: bigint,
): void {
  if (upTo > state.pastUpTo) state.pastUpTo = upTo;
  if (retirements === state.retirements) state.hasPastKeys = true;
  for (const { delivery_id, dedupe_key, delivered_at } of ended) {
    const use = dedupe_key === undefined ? undefined : state.delivered.get(dedupe_key);
    if (use?.by === delivery_id && use.delivered_at === delivered_at)
      state.delivered.delete(dedupe_key as string);
  }
  // What was found to be delivered meanwhile goes into the index once more, with its key.
  const since = new Set(Array.from(state.delivered.values(), ({ by }) => by));
  for (const { delivery_id } of ended) if (!since.has(delivery_id)) state.ended.delete(delivery_id);
  for (const id of returned) state.returned.delete(id);
}
