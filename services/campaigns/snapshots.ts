// Snapshots of campaigns' states, from which whoever takes one over begins instead of reading its whole stream. Each is taken of a state
// that is exactly what the stream says; none is the truth.
import type { CampaignState } from "#domain/campaign/state.ts";
import type { CampaignId } from "#domain/ids.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";
import type { Snapshot, SnapshotStore } from "#platform/snapshots.ts";
import { copyState, snapshotPieces, stateOfSnapshot } from "./snapshot-format.ts";

export interface SnapshotsOfCampaign {
  /** `last`: where the stream ends, −1 where there is none. */
  newest(last: bigint): Promise<Loaded<CampaignState> | undefined>;
  isDue(loaded: Loaded<CampaignState>): boolean;
  /** Writes one in the background if it is due. */
  consider(stored: Loaded<CampaignState>): void;
  /** Resolves when none is being written. */
  written(): Promise<void>;
}

export interface CampaignSnapshotsOptions {
  readonly store: SnapshotStore;
  readonly log: Log;
  /** What a takeover reads besides, and what a failed append reads again: a second or two. */
  readonly everyEvents?: number;
}

const EVERY_EVENTS = 50_000;
/** Of the members, where that is more: a snapshot of many takes longer to write. */
const EVERY_PART = 20;

export function snapshotsOf(
  campaign: CampaignId,
  { store, log, everyEvents = EVERY_EVENTS }: CampaignSnapshotsOptions,
): SnapshotsOfCampaign {
  const name = `campaign-${campaign}`;
  /** The last that was taken, or failed to be. */
  let last = -1n;
  let writing: Promise<void> | undefined;

  async function write(state: CampaignState, revision: bigint): Promise<void> {
    const began = performance.now();
    const copy = copyState(state);
    const copiedMs = Math.round(performance.now() - began);
    await store.write({ name, revision, pieces: snapshotPieces(copy) });
    const ms = Math.round(performance.now() - began);
    log.debug({ campaign, revision, members: copy.members.count, copiedMs, ms }, "campaign snapshot written");
  }

  function isDue({ state, revision }: Loaded<CampaignState>): boolean {
    if (revision === "no_stream" || writing !== undefined) return false;
    return revision - last >= BigInt(Math.max(everyEvents, Math.ceil(state.members.size / EVERY_PART)));
  }

  async function read({ bytes, revision }: Snapshot): Promise<Loaded<CampaignState> | undefined> {
    try {
      const state = await inTurns(stateOfSnapshot(bytes, Number(revision)));
      last = revision;
      return { state, revision };
    } catch (error) {
      log.error(
        { err: error, campaign, revision },
        "campaign snapshot unreadable, the whole stream is read instead",
      );
      return undefined;
    }
  }

  return {
    async newest(streamEnds) {
      // One that is just being written deletes those before it.
      await writing;
      if (await store.discardAfter(name, streamEnds))
        log.error(
          { campaign, revision: streamEnds },
          "campaign stream ends before its snapshot, so the log was restored from an older copy: snapshot discarded",
        );
      last = -1n;
      const found = await store.newest(name);
      return found && read(found);
    },
    isDue,
    consider(stored) {
      const { state, revision } = stored;
      if (revision === "no_stream" || !isDue(stored)) return;
      last = revision;
      writing = write(state, revision)
        .catch((error: unknown) => log.warn({ err: error, campaign }, "campaign snapshot not written"))
        .finally(() => {
          writing = undefined;
        });
    },
    async written() {
      await writing;
    },
  };
}

/** Something else may be done after each step. */
async function inTurns<Made>(steps: Generator<void, Made>): Promise<Made> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise(setImmediate);
  }
}
