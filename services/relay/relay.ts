import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { RULESET_STREAM } from "#domain/rules/events.ts";
import { SOURCE_STREAM } from "#domain/source/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import type { UnfinishedQueries } from "#projections/unfinished/query.ts";
import { publishWindow } from "./publish.ts";
import { createReconciler } from "./reconcile.ts";
import { type Start, whereToStart } from "./resume.ts";

export interface RelayParts {
  readonly bus: Bus;
  readonly eventStore: EventStore;
  readonly unfinished: UnfinishedQueries;
  readonly partitions: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

const STREAMS = [
  SUBMISSION_STREAM_PREFIX,
  PARTNER_STREAM_PREFIX,
  PARTNER_CONFIG_STREAM,
  IDENTITY_STREAM,
  RULESET_STREAM,
  SOURCE_STREAM,
];
const BACKOFF = { baseMs: 100, maxMs: 3_000 };
const RECONCILE_EVERY_MS = 5_000;
const MEASURE_EVERY_MS = 1_000;

/** Relays the log from where the stream ends until the signal is given. Never rejects. */
export async function relayWhile(parts: RelayParts, signal: AbortSignal): Promise<void> {
  const { bus, eventStore, partitions, metrics, log } = parts;
  const start = await findStart(parts, signal);
  if (start === undefined) return;
  log.info({ from: start.from, emptyStream: start.emptyStream }, "relaying");

  // Everything up to here is known to be stored in the stream.
  let stored = start.from;
  const following = eventStore.follow({
    name: "relay",
    prefixes: STREAMS,
    from: stored === 0n ? "start" : stored,
    signal,
    async onEvents(events, position) {
      await publishWindow(events, { bus, partitions, stored, log });
      stored = position;
    },
  });
  const reconciler = createReconciler({ ...parts, stored: () => stored });

  await Promise.all([
    following.done,
    every(RECONCILE_EVERY_MS, signal, log, () => reconciler.round(new Date())),
    every(MEASURE_EVERY_MS, signal, log, async () => metrics.relayLagEvents.set(await following.lag())),
  ]);
}

async function findStart(parts: RelayParts, signal: AbortSignal): Promise<Start | undefined> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      return await whereToStart(parts);
    } catch (error) {
      parts.log.warn({ err: error }, "where to resume can't be found out yet");
    }
    await pause(backoffMs(tries, BACKOFF), signal);
  }
  return undefined;
}

async function every(ms: number, signal: AbortSignal, log: Log, work: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "a round of the relay failed; the next one follows");
    }
    await pause(ms, signal);
  }
}
