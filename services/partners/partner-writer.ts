// The one writer of a partner's stream.
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import type { PartnerCommand, PartnerDecision, Policy } from "#domain/partner/command.ts";
import { partnerDecider } from "#domain/partner/decide.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { interruptedAttempts } from "#domain/partner/interrupted.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import { type BatchWriter, openBatchWriter } from "#platform/batch-writer.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown, foldStream, logPassedOver } from "#platform/fold-stream.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import type { SnapshotsOfPartner } from "./snapshots.ts";

/** A command, and what its events are traced back to. */
export interface Traced {
  readonly command: PartnerCommand;
  readonly cause?: { readonly id: string; readonly trace: string };
  /** Who asked for it. */
  readonly by?: string;
}

export type PartnerWriter = BatchWriter<PartnerState, Traced, PartnerDecision>;

export interface PartnerWriterOptions {
  readonly partner: PartnerId;
  readonly policy: () => Policy;
  /** The attempts that this process makes; all others that the stream calls under way were interrupted. */
  readonly attempts: ReadonlyMap<DeliveryId, number>;
  readonly mayWrite: () => boolean;
  readonly eventStore: EventStore;
  readonly onLoaded: () => void;
  readonly snapshots: SnapshotsOfPartner;
  readonly log: Log;
}

const codec = createCodec(partnerEvents);
const decode = decodeKnown(codec);
const { evolve, decide } = partnerDecider;

export function openPartnerWriter(options: PartnerWriterOptions): PartnerWriter {
  const { partner, policy, attempts, mayWrite, eventStore, onLoaded, snapshots, log } = options;
  const stream = partnerStream(partner);
  const writer = openBatchWriter<PartnerState, Traced, PartnerDecision>({
    stream,
    decider: { evolve, decide: ({ command }, state) => decide(command, state) },
    eventStore,
    async load() {
      const [last] = await eventStore.readStreamBackwards(stream, 1);
      const from = (await snapshots.newest(last?.revision ?? -1n)) ?? {
        state: partnerDecider.initial,
        revision: "no_stream",
      };
      const onPassedOver = logPassedOver(log);
      const loaded = await foldStream({ eventStore, stream, decode, evolve, from, onPassedOver });
      snapshots.consider(loaded, () => writer.state);
      return loaded;
    },
    encode: (events, traced) => encode(stream, events, traced),
    mayWrite,
    decides: "at_once",
    awaitsStored: snapshots.isDue,
    onStored: (stored) => snapshots.consider(stored, () => writer.state),
    onLoaded(state) {
      const underWay = (id: DeliveryId) => attempts.get(id);
      const commands = interruptedAttempts(state, partner, policy(), underWay, Date.now());
      if (commands.length > 0) log.info({ attempts: commands.length }, "interrupted attempts found");
      onLoaded();
      return commands.map((command) => ({ command }));
    },
    log,
  });
  return writer;
}

/** The same decision has the same ids, however often it is appended. */
function encode(stream: string, events: readonly PartnerEvent[], { command, cause, by }: Traced): NewEvent[] {
  const attempt = events.map(attemptOf).find((number) => number !== undefined) ?? 0;
  const at = new Date().toISOString();
  // A partner may retire several times, once after each removal.
  const [of, which] = command.type === "retire" ? ["retired", command.at] : [command.delivery_id, attempt];
  return events.map((event) =>
    codec.encode(event, {
      id: deterministicUuid(stream, of, `${which}`, event.type),
      at,
      ...("submission_id" in command && { correlation: command.submission_id }),
      ...(by !== undefined && { by }),
      ...(cause && { causation: cause.id, trace: cause.trace }),
    }),
  );
}

function attemptOf({ data }: PartnerEvent): number | undefined {
  if ("attempt" in data) return data.attempt;
  return "attempts" in data ? data.attempts : undefined;
}
