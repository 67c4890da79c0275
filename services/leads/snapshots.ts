import { z } from "zod";
import type { SubmissionId } from "#domain/ids.ts";
import { SubmissionState } from "#domain/submission/state.ts";
import { createCodec, UnreadableEvent } from "#platform/event-store/codec.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { deterministicUuid } from "#platform/ids.ts";

// A lead with thousands of events is folded from its newest snapshot. Snapshots stand in a stream of their own, which nobody
// follows; one that is lost or of another format costs time and nothing else.

export interface Snapshot {
  readonly state: SubmissionState;
  /** The last event that is in it. */
  readonly revision: bigint;
}

export interface Snapshots {
  newest(id: SubmissionId): Promise<Snapshot | undefined>;
  take(snapshot: Snapshot): Promise<void>;
}

/** Raised with every change of SubmissionState. */
const FORMAT = 1;

const codec = createCodec({
  LeadSnapshotTaken: {
    version: FORMAT,
    schema: z.object({ revision: z.string(), state: SubmissionState }),
  },
});

const streamOf = (id: SubmissionId): string => `lead_snapshot-${id}`;

export function createSnapshots(eventStore: EventStore): Snapshots {
  return {
    async newest(id) {
      const [stored] = await eventStore.readStreamBackwards(streamOf(id), 1);
      if (stored === undefined) return undefined;
      try {
        const decoded = codec.decode(stored);
        if (!decoded.known) return undefined;
        const { revision, state } = decoded.event.data;
        return { revision: BigInt(revision), state };
      } catch (error) {
        if (error instanceof UnreadableEvent) return undefined;
        throw error;
      }
    },
    async take({ state, revision }) {
      const stream = streamOf(state.id);
      const [before] = await eventStore.readStreamBackwards(stream, 1);
      const event = codec.encode(
        { type: "LeadSnapshotTaken", data: { revision: `${revision}`, state } },
        { id: deterministicUuid(stream, `${revision}`), at: new Date().toISOString() },
      );
      try {
        await eventStore.append(stream, before?.revision ?? "no_stream", [event]);
      } catch (error) {
        // Another took one meanwhile, which is as good.
        if (!(error instanceof WrongExpectedRevision)) throw error;
      }
    },
  };
}
