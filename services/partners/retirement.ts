// Which removed partners need an owner: those whose end is not recorded yet, and those that somebody mailed to after it.
import type { PartnerId } from "#domain/ids.ts";
import type { ConfiguredPartner, ConfiguredPartners } from "#domain/partner/configured.ts";
import { partnerStream } from "#domain/partner/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerSubject } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";

export interface Retirement {
  /** False also while it is not known yet. */
  isOwed(partner: ConfiguredPartner): boolean;
  isRetired(partner: ConfiguredPartner): boolean;
  /** The same, asked of the log and the bus now: another owner may have seen its end. */
  confirmOwed(id: PartnerId, partner: ConfiguredPartner): Promise<boolean>;
  /** It has just been recorded by this process. */
  retired(partner: ConfiguredPartner): void;
  review(): void;
  close(): void;
}

export interface RetirementParts {
  readonly partners: () => ConfiguredPartners;
  readonly eventStore: Pick<EventStore, "readStreamBackwards">;
  readonly bus: Pick<Bus, "lastStoredAt">;
  /** Another partner needs an owner. */
  readonly onOwed: () => void;
  readonly log: Log;
}

const REVIEW_EVERY_MS = 15_000;

export function createRetirement(parts: RetirementParts): Retirement {
  const { partners, eventStore, bus, onOwed, log } = parts;
  /** By what is configured, so that who was removed twice is looked at twice: when it retired, in milliseconds. */
  const retiredAt = new WeakMap<ConfiguredPartner, number>();
  const owed = new WeakSet<ConfiguredPartner>();
  let reviewing: Promise<void> | undefined;
  let again = false;

  async function recordedAt(partner: PartnerId): Promise<number | undefined> {
    const [last] = await eventStore.readStreamBackwards(partnerStream(partner), 1);
    return last?.type === "PartnerRetired" ? Date.parse(last.metadata.at) : undefined;
  }

  async function look(id: PartnerId, partner: ConfiguredPartner): Promise<void> {
    if (owed.has(partner)) return;
    const at = retiredAt.get(partner) ?? (await recordedAt(id));
    const newest = at === undefined ? undefined : await bus.lastStoredAt(partnerSubject(id, ">"));
    if (at !== undefined && (newest === undefined || newest <= at)) {
      retiredAt.set(partner, at);
      return;
    }
    retiredAt.delete(partner);
    owed.add(partner);
    onOwed();
  }

  async function lookAtAll(): Promise<void> {
    for (const [id, partner] of partners()) {
      if (partner.standing !== "removed") continue;
      // It must not keep those behind it from being looked at.
      await look(id, partner).catch((error: unknown) =>
        log.warn({ err: error, partner: id }, "removed partner not looked at"),
      );
    }
  }

  /** One at a time; what changes meanwhile is looked at right after. */
  function review(): void {
    if (reviewing !== undefined) {
      again = true;
      return;
    }
    again = false;
    reviewing = lookAtAll().finally(() => {
      reviewing = undefined;
      if (again) review();
    });
  }

  const stop = every({ ms: REVIEW_EVERY_MS, work: review });
  review();
  return {
    isOwed: (partner) => owed.has(partner),
    isRetired: (partner) => retiredAt.has(partner),
    async confirmOwed(id, partner) {
      owed.delete(partner);
      await look(id, partner);
      return owed.has(partner);
    },
    retired(partner) {
      owed.delete(partner);
      retiredAt.set(partner, Date.now());
    },
    review,
    close() {
      again = false;
      stop();
    },
  };
}
