// The rules as they were: each version with who made it, when and why.
import { RULESET_STREAM, rulesetEvents } from "#domain/rules/events.ts";
import { changesBetween, type RuleChange, type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown } from "#platform/fold-stream.ts";

export interface HistoryItem {
  readonly version: number;
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
  readonly changes: readonly RuleChange[];
}

export interface RulesHistory {
  /** The newest first. */
  list(limit: number): Promise<HistoryItem[]>;
  byVersion(version: number): Promise<Ruleset | undefined>;
  /** The rules in force at a time, or at a position of the log. */
  at(when: Date | bigint): Promise<Ruleset>;
}

const decode = decodeKnown(createCodec(rulesetEvents));
const rulesIn = (stored: StoredEvent): Ruleset => ruleset.evolve(ruleset.initial, decode(stored));

export function rulesHistory(eventStore: EventStore): RulesHistory {
  return {
    async list(limit) {
      const stored = await eventStore.readStreamBackwards(RULESET_STREAM, limit + 1);
      return stored.slice(0, limit).map((one, n): HistoryItem => {
        const { data } = decode(one);
        const before = stored[n + 1];
        return {
          version: data.version,
          at: one.metadata.at,
          by: one.metadata.by ?? "unknown",
          ...(data.reason !== undefined && { reason: data.reason }),
          changes: changesBetween(before === undefined ? [] : rulesIn(before).rules, data.rules),
        };
      });
    },

    async byVersion(version) {
      // A version is a revision of the stream, but for streams that somebody else has written to.
      const [direct] = await eventStore.readStream(RULESET_STREAM, {
        from: BigInt(version - 1),
        maxCount: 1,
      });
      if (direct !== undefined && rulesIn(direct).version === version) return rulesIn(direct);
      for await (const stored of eventStore.streamEvents(RULESET_STREAM)) {
        if (rulesIn(stored).version === version) return rulesIn(stored);
      }
      return undefined;
    },

    async at(when) {
      let found = ruleset.initial;
      for await (const stored of eventStore.streamEvents(RULESET_STREAM)) {
        const isLater =
          typeof when === "bigint" ? stored.position > when : Date.parse(stored.metadata.at) > when.getTime();
        if (isLater) break;
        found = rulesIn(stored);
      }
      return found;
    },
  };
}
