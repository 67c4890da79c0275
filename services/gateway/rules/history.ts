// The rules as they were, each version with who made it, when and why; and the partners that were configured then.
import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, partnerConfigEvents } from "#domain/partner/config.ts";
import { existingPartner, partnerConfiguration } from "#domain/partner/configured.ts";
import {
  compiledEvents,
  RULESET_COMPILED_STREAM,
  RULESET_STREAM,
  rulesetEvents,
} from "#domain/rules/events.ts";
import { changesBetween, type RuleChange, type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown } from "#platform/fold-stream.ts";

export interface HistoryItem {
  readonly version: number;
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
  readonly changes: readonly RuleChange[];
}

/** A version with who made it, when and why. */
export interface MadeRuleset extends Ruleset {
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
}

export interface RulesHistory {
  /** The newest first. */
  list(limit: number): Promise<HistoryItem[]>;
  byVersion(version: number): Promise<MadeRuleset | undefined>;
  /** The rules in force at a time, or at a position of the log; a set that could not be compiled never was. */
  at(when: Date | bigint): Promise<Ruleset>;
  /** The partners that existed then. */
  partnersAt(when: Date | bigint): Promise<PartnerId[]>;
}

const isLater = ({ position, metadata }: StoredEvent, when: Date | bigint): boolean =>
  typeof when === "bigint" ? position > when : Date.parse(metadata.at) > when.getTime();

const decode = decodeKnown(createCodec(rulesetEvents));
const compiledCodec = createCodec(compiledEvents);
const partnerCodec = createCodec(partnerConfigEvents);
const rulesIn = (stored: StoredEvent): Ruleset => ruleset.evolve(ruleset.initial, decode(stored));

function madeBy(stored: StoredEvent): Omit<MadeRuleset, keyof Ruleset> {
  const { reason } = decode(stored).data;
  const { at, by = "unknown" } = stored.metadata;
  return { at, by, ...(reason !== undefined && { reason }) };
}

export function rulesHistory(eventStore: EventStore): RulesHistory {
  return {
    async list(limit) {
      const stored = await eventStore.readStreamBackwards(RULESET_STREAM, limit + 1);
      return stored.slice(0, limit).map((one, n): HistoryItem => {
        const { data } = decode(one);
        const before = stored[n + 1];
        return {
          version: data.version,
          ...madeBy(one),
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
      const made = (stored: StoredEvent) => ({ ...rulesIn(stored), ...madeBy(stored) });
      if (direct !== undefined && rulesIn(direct).version === version) return made(direct);
      for await (const stored of eventStore.streamEvents(RULESET_STREAM)) {
        if (rulesIn(stored).version === version) return made(stored);
      }
      return undefined;
    },

    async at(when) {
      const failed = await notCompiled();
      let found = ruleset.initial;
      for await (const stored of eventStore.streamEvents(RULESET_STREAM)) {
        if (isLater(stored, when)) break;
        const rules = rulesIn(stored);
        if (!failed.has(rules.version)) found = rules;
      }
      return found;
    },

    async partnersAt(when) {
      let partners = partnerConfiguration.initial;
      for await (const stored of eventStore.streamEvents(PARTNER_CONFIG_STREAM)) {
        if (isLater(stored, when)) break;
        const decoded = decodeOrPassOver(partnerCodec, stored, () => undefined);
        if (decoded?.known) partners = partnerConfiguration.evolve(partners, decoded.event);
      }
      return [...partners.keys()].filter((id) => existingPartner(partners, id) !== undefined);
    },
  };

  async function notCompiled(): Promise<ReadonlySet<number>> {
    const failed = new Set<number>();
    for await (const stored of eventStore.streamEvents(RULESET_COMPILED_STREAM)) {
      const decoded = decodeOrPassOver(compiledCodec, stored, () => undefined);
      if (!decoded?.known) continue;
      const { type, data } = decoded.event;
      if (type === "RulesetNotCompiled") failed.add(data.version);
      else failed.delete(data.version);
    }
    return failed;
  }
}
