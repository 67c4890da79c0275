// What each id caused at each partner, in bounded memory: the oldest ids are forgotten first, and counted as forgotten.

interface Entry {
  readonly requests: number;
  /** How often it was processed; more than one is a doubled effect. */
  readonly effects: number;
  /** Times it would have been processed again; recognised, and without effect, where the partner is idempotent. */
  readonly repeats: number;
  /** Requests whose webhook-id was another than the first one's. */
  readonly other_webhook_ids: number;
}

interface NamedEntry extends Entry {
  readonly id: string;
}

export interface Summary {
  readonly ids: number;
  readonly effects: number;
  readonly repeats: number;
  readonly other_webhook_ids: number;
  /** How many effects and requests one id has had at most, the forgotten ones included. */
  readonly max: number;
  readonly max_requests: number;
  /** Ids that stand in the sums but are no longer known one by one. */
  readonly forgotten: number;
}

/** Of one partner. */
export interface Effects {
  readonly size: number;
  /** Returns how many requests this id has had, this one included. */
  countRequest(id: string, webhookId: string): number;
  /** Returns whether it had an effect; a repeat that the partner recognises has none. */
  countEffect(id: string, idempotent: boolean): boolean;
  summary(): Summary;
  /** The ids with at least `min` effects, the oldest first. */
  entries(min: number, limit: number): readonly NamedEntry[];
  get(id: string): Entry | undefined;
  forgetOldest(): void;
}

export interface AllEffects {
  open(): Effects;
  close(effects: Effects): void;
}

/** All partners together hold at most `maxIds`; the one with most of them gives way. */
export function createAllEffects(maxIds: number): AllEffects {
  const opened = new Set<Effects>();
  const makeRoom = (): void => {
    let fullest: Effects | undefined;
    let total = 0;
    for (const effects of opened) {
      total += effects.size;
      if (effects.size > (fullest?.size ?? 0)) fullest = effects;
    }
    if (total >= maxIds) fullest?.forgetOldest();
  };
  return {
    open() {
      const effects = createEffects(makeRoom);
      opened.add(effects);
      return effects;
    },
    close: (effects) => void opened.delete(effects),
  };
}

type Kept = { -readonly [Field in keyof Entry]: Entry[Field] } & { readonly webhookId: string };

function createEffects(makeRoom: () => void): Effects {
  const kept = new Map<string, Kept>();
  const sums = { effects: 0, repeats: 0, other_webhook_ids: 0, max: 0, max_requests: 0, forgotten: 0 };

  function entryOf(id: string, webhookId: string): Kept {
    const known = kept.get(id);
    if (known !== undefined) return known;
    makeRoom();
    const entry = { requests: 0, effects: 0, repeats: 0, other_webhook_ids: 0, webhookId };
    kept.set(id, entry);
    return entry;
  }

  return {
    get size() {
      return kept.size;
    },
    countRequest(id, webhookId) {
      const entry = entryOf(id, webhookId);
      entry.requests += 1;
      sums.max_requests = Math.max(sums.max_requests, entry.requests);
      if (entry.webhookId !== webhookId) {
        entry.other_webhook_ids += 1;
        sums.other_webhook_ids += 1;
      }
      return entry.requests;
    },
    countEffect(id, idempotent) {
      const entry = entryOf(id, "");
      if (entry.effects > 0) {
        entry.repeats += 1;
        sums.repeats += 1;
        if (idempotent) return false;
      }
      entry.effects += 1;
      sums.effects += 1;
      sums.max = Math.max(sums.max, entry.effects);
      return true;
    },
    summary: () => ({ ids: kept.size + sums.forgotten, ...sums }),
    entries(min, limit) {
      const found: NamedEntry[] = [];
      for (const [id, entry] of kept) {
        if (found.length >= limit) break;
        if (entry.effects >= min) found.push({ id, ...withoutWebhookId(entry) });
      }
      return found;
    },
    get(id) {
      const entry = kept.get(id);
      return entry && withoutWebhookId(entry);
    },
    forgetOldest() {
      const oldest = kept.keys().next();
      if (oldest.done) return;
      kept.delete(oldest.value);
      sums.forgotten += 1;
    },
  };
}

function withoutWebhookId({ webhookId: _, ...entry }: Kept): Entry {
  return entry;
}
