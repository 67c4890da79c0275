// What a process of the simulation does: the production actors of every role, each for as long as it has the lease.
import { Questions } from "#domain/identity/question.ts";
import type { PartnerId } from "#domain/ids.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { IDENTIFY_SUBJECT, NEW_IDENTITY_WRITER_SUBJECT } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { createHealth } from "#platform/health.ts";
import type { Log } from "#platform/log.ts";
import { createMetrics } from "#platform/metrics.ts";
import type { Yard } from "#platform/yard.ts";
import { loadIndex } from "../../services/identity/load-index.ts";
import { NotAnswered, openIdentityWriter } from "../../services/identity/writer.ts";
import { askIdentity } from "../../services/leads/ask-identity.ts";
import { openPartition } from "../../services/leads/partition.ts";
import { createRoom } from "../../services/leads/room.ts";
import { startActor } from "../../services/partners/actor.ts";
import type { ChannelParts } from "../../services/partners/channels/channel.ts";
import { relayWhile } from "../../services/relay/relay.ts";
import { mailDueWhile } from "../../services/timers/mail-due.ts";
import { campaignWork } from "./campaign.ts";
import type { SimulatedLog } from "./event-store.ts";
import type { Work } from "./leases.ts";
import { noSnapshots, PARTNERS, routable, signature, vault } from "./parts.ts";
import { dueTimers, unfinishedIn } from "./read-models.ts";

const PARTITIONS = 2;
const DRAIN_MS = 3_000;
/** One for all: nobody looks at the figures. */
const metrics = createMetrics();
const health = createHealth();

export interface RoleParts {
  readonly instance: string;
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly sandbox: ChannelParts["sandbox"];
  /** For the read models, which are as far as the log. */
  readonly simulatedLog: SimulatedLog;
  readonly log: Log;
}

export function worksOf({
  instance,
  eventStore,
  bus,
  sandbox,
  simulatedLog,
  log,
}: RoleParts): Record<string, Work> {
  const unfinished = unfinishedIn(simulatedLog);
  const timers = dueTimers(simulatedLog);
  const works: Record<string, Work> = {
    relay: async (lease) => {
      const stop = new AbortController();
      const parts = {
        bus,
        eventStore,
        unfinished,
        partitions: PARTITIONS,
        publishFacts: false,
        signature,
        metrics,
        log,
      };
      const done = relayWhile(parts, AbortSignal.any([stop.signal, lease.lost]));
      return async () => {
        stop.abort();
        await done;
      };
    },
    timers: async (lease) => {
      const stop = new AbortController();
      const done = mailDueWhile({ bus, eventStore, timers, log }, AbortSignal.any([stop.signal, lease.lost]));
      return async () => {
        stop.abort();
        await done;
      };
    },
    identity: async (lease) => {
      const snapshots = {
        load: async () => undefined,
        discardAfter: async () => undefined,
        consider: () => undefined,
        written: async () => undefined,
      };
      const parts = { eventStore, vault, snapshots, log };
      const loaded = await loadIndex(parts);
      const stopping = new AbortController();
      const writer = openIdentityWriter({ ...parts, lease, loaded, stopping: stopping.signal });
      const serving = await bus.serve(IDENTIFY_SUBJECT, `identity-${instance}`, async ({ data }) => {
        try {
          const asked = Questions.parse(JSON.parse(Buffer.from(data).toString("utf8")));
          return Buffer.from(JSON.stringify(await writer.ask(asked)));
        } catch (error) {
          if (error instanceof NotAnswered) return new Uint8Array();
          throw error;
        }
      });
      bus.broadcast(NEW_IDENTITY_WRITER_SUBJECT, new Uint8Array());
      return async () => {
        stopping.abort();
        await serving.close();
        await writer.close();
      };
    },
  };
  const leadParts = {
    bus,
    vault,
    signature,
    eventStore,
    routable: () => routable,
    identity: askIdentity(bus, vault),
    contexts: { lookUp: async (wanted: readonly unknown[]) => wanted.map(() => undefined) },
    suppressions: { suppressed: () => undefined },
    askService: () => Promise.reject(new Error("no rule asks")),
    room: createRoom(32),
    maxTries: { identify: 3, route: 3 },
    metrics,
    health,
    log,
  };
  for (let n = 0; n < PARTITIONS; n += 1)
    works[`lead-${n}`] = async (lease) => {
      const partition = await openPartition(n, leadParts, lease);
      return () => partition.close();
    };
  const yard = {
    metrics,
    log,
    config: { drainMs: DRAIN_MS },
    eventStore: () => eventStore,
  } as unknown as Yard;
  const channels: ChannelParts = { allowPrivate: true, bus, sandbox, smtp: undefined };
  for (const [partner, configured] of PARTNERS)
    works[`partner-${partner}`] = partnerWork(partner, configured, { yard, bus, channels });
  works.campaign = campaignWork({ yard, bus });
  return works;
}

function partnerWork(
  partner: PartnerId,
  configured: ConfiguredPartner,
  parts: { readonly yard: Yard; readonly bus: Bus; readonly channels: ChannelParts },
): Work {
  return async (lease) => {
    const snapshots = { of: () => noSnapshots };
    const campaigns = { restMs: () => 0 };
    const actor = await startActor({
      ...parts,
      partner,
      configured: () => configured,
      partners: () => new Map([[partner, configured]]),
      lease,
      vault,
      signature,
      snapshots,
      campaigns,
    });
    return () => actor.close();
  };
}
