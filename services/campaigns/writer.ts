// The one writer of a campaign's stream.
import { type CampaignCommand, type CampaignDecision, campaignDecider } from "#domain/campaign/decide.ts";
import { type CampaignEvent, campaignEvents, campaignStream } from "#domain/campaign/events.ts";
import type { CampaignState } from "#domain/campaign/state.ts";
import type { Sealed } from "#domain/event.ts";
import type { CampaignId } from "#domain/ids.ts";
import { type BatchWriter, type NotWritten, openBatchWriter } from "#platform/batch-writer.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown, foldStream, logPassedOver } from "#platform/fold-stream.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import type { SnapshotsOfCampaign } from "./snapshots.ts";

/** A command, and who asked for it. */
export interface Asked {
  readonly command: CampaignCommand;
  readonly by?: string | undefined;
}

export type Decided = CampaignDecision | NotWritten;
type Refused = Extract<Decided, { accepted: false }>;

/** Planned anew, it may be right. */
export const mayBeRepeated = (reason: Refused["reason"]): boolean =>
  reason === "not_stored" || reason === "migrated_meanwhile";

export type CampaignWriter = BatchWriter<CampaignState, Asked, CampaignDecision>;

export interface CampaignWriterOptions {
  readonly campaign: CampaignId;
  readonly mayWrite: () => boolean;
  readonly eventStore: EventStore;
  /** Each time the stream was read: what was known before may never have been stored. */
  readonly onLoaded: (state: CampaignState) => void;
  /** A reply is part of the state, and stands in the event of this revision if it comes to be stored. */
  readonly onReply: (revision: number, reply: Sealed) => void;
  readonly snapshots: SnapshotsOfCampaign;
  readonly log: Log;
}

const LOOK_EVERY_MS = 5_000;
const codec = createCodec(campaignEvents);
const decode = decodeKnown(codec);
const { evolve, decide } = campaignDecider;

export function openCampaignWriter(options: CampaignWriterOptions): CampaignWriter {
  const { campaign, mayWrite, eventStore, onLoaded, onReply, snapshots, log } = options;
  const stream = campaignStream(campaign);
  return openBatchWriter<CampaignState, Asked, CampaignDecision>({
    stream,
    decider: {
      evolve(state, event) {
        const evolved = evolve(state, event);
        if (event.type === "MemberReplied") onReply(evolved.revision, event.data.sealed);
        return evolved;
      },
      decide: ({ command }, state) => decide(command, state),
    },
    eventStore,
    async load() {
      const [last] = await eventStore.readStreamBackwards(stream, 1);
      const from = (await snapshots.newest(last?.revision ?? -1n)) ?? {
        state: campaignDecider.initial,
        revision: "no_stream",
      };
      const told = logPassedOver(log);
      const loaded = await foldStream({
        eventStore,
        stream,
        decode,
        evolve,
        from,
        onPassedOver(stored, error) {
          // The state counts events to know where each stands.
          from.state.revision = Number(stored.revision);
          told(stored, error);
        },
      });
      snapshots.consider(loaded);
      return loaded;
    },
    encode: (events, asked) => encode(stream, events, asked),
    mayWrite,
    decides: "at_once",
    awaitsStored: snapshots.isDue,
    onStored: snapshots.consider,
    // Nobody is told of members that were added: no mail says so.
    lookEveryMs: LOOK_EVERY_MS,
    onLoaded(state) {
      onLoaded(state);
      return [];
    },
    log,
  });
}

function encode(stream: string, events: readonly CampaignEvent[], { by }: Asked): NewEvent[] {
  const at = new Date().toISOString();
  return events.map((event) =>
    codec.encode(event, {
      id: eventId(stream, event),
      at,
      ...(event.type === "MemberSendRequested" && {
        correlation: event.data.submission_id,
        trace: event.data.submission_id.replaceAll("-", ""),
      }),
      ...(by !== undefined && { by }),
    }),
  );
}

/** The same step of the same member has the same id, however often it is appended. */
function eventId(stream: string, { type, data }: CampaignEvent): string {
  return "moves" in data ? deterministicUuid(stream, type, data.member_id, `${data.moves}`) : newUuid();
}
