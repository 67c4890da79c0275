// What an actor opens from and what it need not remember: a snapshot of its partner's state, and the index of what has ended up to it.
//
// 1. A snapshot is relied on only when all that had ended by then is in the index; what the state forgets is in both.
// 2. It is taken of a state that is exactly what the stream says.
// 3. Nothing of it is the truth: without it, or with one that is no good, the stream is read from its start.
import type { PartnerId } from "#domain/ids.ts";
import { forgetPast, type Past } from "#domain/partner/past.ts";
import { copyState, SNAPSHOT_FORMAT, snapshotPieces, stateOfSnapshot } from "#domain/partner/snapshot.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import type { Database } from "#platform/database.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";
import { openSnapshotStore } from "#platform/snapshots.ts";
import { type Asked, openPastIndex } from "./past-index.ts";

export interface PartnerSnapshots {
  of(partner: PartnerId): SnapshotsOfPartner;
}

export interface SnapshotsOfPartner {
  /** `last`: where the stream ends, −1 where there is none. */
  newest(last: bigint): Promise<Loaded<PartnerState> | undefined>;
  isDue(loaded: Loaded<PartnerState>): boolean;
  /** Writes one in the background if it is due; then what has ended is forgotten by the state that is used by then. */
  consider(stored: Loaded<PartnerState>, current: () => PartnerState | undefined): void;
  /** What the index says; undefined where there is none. */
  lookUp(asked: Asked): Promise<Past | undefined>;
  /** Resolves when none is being written. */
  written(): Promise<void>;
}

export interface PartnerSnapshotsOptions {
  readonly database: Database;
  readonly log: Log;
  /** What a takeover reads besides, and what a failed append reads again. */
  readonly everyEvents?: number;
}

const EVERY_EVENTS = 5_000;

export async function openPartnerSnapshots(options: PartnerSnapshotsOptions): Promise<PartnerSnapshots> {
  const { database, log, everyEvents = EVERY_EVENTS } = options;
  const store = await openSnapshotStore({ database, format: SNAPSHOT_FORMAT, log });
  const index = await openPastIndex(database);
  return { of: (partner) => snapshotsOf(partner) };

  function snapshotsOf(partner: PartnerId): SnapshotsOfPartner {
    const name = `partner-${partner}`;
    /** The last that was taken, or failed to be. */
    let last = -1n;
    /** 1. What is in the index for sure. */
    let indexed = -1n;
    let writing: Promise<void> | undefined;
    let asking: { readonly asked: Asked; readonly resolve: (past: Promise<Past>) => void }[] = [];

    async function write(
      { state, revision }: { readonly state: PartnerState; readonly revision: bigint },
      current: () => PartnerState | undefined,
    ): Promise<void> {
      const began = performance.now();
      const copy = copyState(state);
      await store.write({
        name,
        revision,
        pieces: snapshotPieces(copy),
        alongside: () => index.add(partner, copy.past, revision), // 1
      });
      indexed = revision;
      const now = current();
      if (now !== undefined) forgetPast(now, copy.past, revision);
      const ms = Math.round(performance.now() - began);
      log.debug(
        { partner, revision, open: copy.open.length, ended: copy.past.ended.length, ms },
        "partner snapshot written",
      );
    }

    /** All that is asked in one turn is one query. */
    function askAll(): void {
      const all = asking;
      asking = [];
      const found = index.lookUp(
        partner,
        all.map(({ asked }) => asked),
        indexed,
      );
      for (const [n, { resolve }] of all.entries()) resolve(found.then((pasts) => pasts[n] as Past));
    }

    function isDue({ state, revision }: Loaded<PartnerState>): boolean {
      if (revision === "no_stream" || writing !== undefined) return false;
      return revision - last >= BigInt(Math.max(everyEvents, state.open.size));
    }

    return {
      async newest(streamEnds) {
        // One that is just being written deletes those before it.
        await writing;
        if (await store.discardAfter(name, streamEnds)) {
          await index.discardAfter(partner, streamEnds);
          log.error(
            { partner, revision: streamEnds },
            "partner stream ends before its snapshot, so the log was restored from an older copy: snapshot discarded",
          );
        }
        [last, indexed] = [-1n, -1n];
        const found = await store.newest(name);
        if (found === undefined) return undefined;
        const { revision } = found;
        try {
          const state = stateOfSnapshot(found.bytes.toString("utf8"), revision);
          [last, indexed] = [revision, revision];
          return { state, revision };
        } catch (error) {
          log.error(
            { err: error, partner, revision },
            "partner snapshot unreadable, the whole stream is read instead",
          );
          return undefined;
        }
      },
      isDue,
      consider(stored, current) {
        const { state, revision } = stored;
        if (revision === "no_stream" || !isDue(stored)) return;
        last = revision;
        writing = write({ state, revision }, current)
          .catch((error: unknown) => log.warn({ err: error, partner }, "partner snapshot not written"))
          .finally(() => {
            writing = undefined;
          });
      },
      lookUp(asked) {
        if (indexed < 0n) return Promise.resolve(undefined);
        return new Promise((resolve) => {
          if (asking.length === 0) setImmediate(askAll);
          asking.push({ asked, resolve });
        });
      },
      async written() {
        await writing;
      },
    };
  }
}
