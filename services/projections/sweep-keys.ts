// Destroys the keys that many submissions share once their time is over: by the log's time, and never before all that is sealed
// under them has ended. See docs/decisions/0090.
import { z } from "zod";
import { keysPast, redriveEnds } from "#domain/identity/retention.ts";
import { submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { every } from "#platform/every.ts";
import { newUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { KeyInUse, LeadQueries } from "#projections/leads/query.ts";

export interface KeySweepParts {
  readonly vault: Pick<Vault, "existing" | "destroy" | "purge">;
  readonly eventStore: Pick<EventStore, "newest" | "append" | "readStreamBackwards">;
  readonly leads: Pick<LeadQueries, "keysInUse" | "reached">;
  readonly log: Log;
}

const EVERY_MS = 60 * 60 * 1_000;
/** What is destroyed has left the database's files within an hour, also when one round found an older transaction open. */
const PURGE_EVERY_MS = 30 * 60 * 1_000;
const REACHED_MS = 10_000;

/** In a log where nothing happens no time passes. Who reads the time is the store, as it stamps the event. */
const TIME_STREAM = "log_time";
const codec = createCodec({ TimeNoted: { version: 1, schema: z.object({}) } });

/** Now, and regularly. Returns what ends it. */
export function sweepKeys(parts: KeySweepParts): () => void {
  const { log } = parts;
  const endSweeping = every({
    ms: EVERY_MS,
    atOnce: true,
    work: () => sweepOnce(parts),
    onError: (error) => log.warn({ err: error }, "keys whose time is over not destroyed yet"),
  });
  const endPurging = every({
    ms: PURGE_EVERY_MS,
    atOnce: true,
    work: () => purgeOnce(parts),
    onError: (error) => log.warn({ err: error }, "destroyed keys not purged yet"),
  });
  return () => {
    endSweeping();
    endPurging();
  };
}

/** Whoever destroyed them, and whether or not they are still there. */
async function purgeOnce({ vault, log }: KeySweepParts): Promise<void> {
  const { keys, waiting, writeAheadLog } = await vault.purge();
  if (keys + waiting > 0)
    log.info({ keys, waiting, write_ahead_log: writeAheadLog }, "destroyed keys purged");
}

export async function sweepOnce(parts: KeySweepParts): Promise<void> {
  const { vault, eventStore, leads, log } = parts;
  const isOverBy = (time: Date): Promise<string[]> => vault.existing(keysPast(time));
  let newest = await eventStore.newest();
  if (newest !== undefined && (await isOverBy(newest.created)).length === 0) {
    // This process's clock may be wrong: it decides nothing but whether the store is asked for the time.
    if ((await isOverBy(new Date())).length === 0) return;
    await noteTime(eventStore);
    newest = await eventStore.newest();
  }
  if (newest === undefined) return;
  const over = await isOverBy(newest.created);
  if (over.length === 0) return;
  // Only a list that reaches as far as the time that was read knows of everything that is sealed under them.
  if (!(await leads.reached(newest.position, REACHED_MS))) throw new Error("the list of leads is behind");
  const inUse = await leads.keysInUse(over);
  const needed = await Promise.all(
    inUse.map(async (one) => ((await isNeeded(one, newest.created, eventStore)) ? one.key : undefined)),
  );
  const kept = new Set(needed);
  const gone = over.filter((key) => !kept.has(key));
  if (gone.length > 0) await vault.destroy(gone);
  log.info(
    { destroyed: gone, kept: over.filter((key) => kept.has(key)) },
    "keys whose time is over destroyed",
  );
}

async function isNeeded(
  { open, newest }: KeyInUse,
  logTime: Date,
  eventStore: KeySweepParts["eventStore"],
): Promise<boolean> {
  if (open) return true;
  const [died] = await eventStore.readStreamBackwards(submissionStream(newest), 1);
  return died !== undefined && died.created >= redriveEnds(logTime);
}

async function noteTime(eventStore: KeySweepParts["eventStore"]): Promise<void> {
  const at = new Date().toISOString();
  const event = codec.encode({ type: "TimeNoted", data: {} }, { id: newUuid(), at });
  await eventStore.append(TIME_STREAM, "any", [event]);
}
