import { CAMPAIGN_STREAM_PREFIX } from "#domain/campaign/events.ts";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { RULESET_STREAM } from "#domain/rules/events.ts";
import { SOURCE_STREAM } from "#domain/source/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { positionIn, RESUME } from "#platform/bus/positions.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { every } from "#platform/every.ts";
import type { Metrics } from "#platform/metrics.ts";
import { retryUntil } from "#platform/retry.ts";
import type { UnfinishedQueries } from "#projections/unfinished/query.ts";
import { type PublishParts, publishEvents, publishPosition } from "./publish.ts";
import { createReconciler } from "./reconcile.ts";
import { whereToStart } from "./resume.ts";

export interface RelayParts extends PublishParts {
  readonly eventStore: EventStore;
  readonly unfinished: UnfinishedQueries;
  readonly metrics: Metrics;
  /** How often the position is published where it moves without mail; 10 s unless told. */
  readonly positionEveryMs?: number;
}

const STREAMS = [
  SUBMISSION_STREAM_PREFIX,
  PARTNER_STREAM_PREFIX,
  CAMPAIGN_STREAM_PREFIX,
  PARTNER_CONFIG_STREAM,
  IDENTITY_STREAM,
  RULESET_STREAM,
  SOURCE_STREAM,
];
const BACKOFF = { baseMs: 100, maxMs: 3_000 };
const RECONCILE_EVERY_MS = 5_000;
const MEASURE_EVERY_MS = 1_000;
const POSITION_EVERY_MS = 10_000;

/** Relays the log from where the stream ends until the signal is given. Never rejects. */
export async function relayWhile(parts: RelayParts, signal: AbortSignal): Promise<void> {
  // Again when the stream turns out to be another than it was: one that lost its end, or all of it.
  while (!signal.aborted) await relayOn(parts, signal);
  // Whoever relays now tells it.
  parts.metrics.relayLagEvents.set(0);
}

async function relayOn(parts: RelayParts, stopped: AbortSignal): Promise<void> {
  const streamLost = new AbortController();
  const signal = AbortSignal.any([stopped, streamLost.signal]);
  const { bus, eventStore, metrics, log, positionEveryMs = POSITION_EVERY_MS } = parts;
  const stopShowing = showUnknownLag(parts, signal);
  const start = await retryUntil(() => whereToStart(parts), {
    backoff: BACKOFF,
    signal,
    onFailure: (error) => log.warn({ err: error }, "position to resume from not known yet"),
  });
  stopShowing();
  if (start === undefined) return;
  /** Of the stream's numbers the highest that is known to have been given out. */
  let newestSeq = 0;
  /** A stream that gives out a number anew has lost what had it. */
  function seen(seqs: readonly number[]): void {
    if (seqs.some((seq) => seq <= newestSeq)) streamIsLost(Math.min(...seqs));
    newestSeq = Math.max(newestSeq, ...seqs);
  }
  function streamIsLost(lastSeq: number): void {
    if (signal.aborted) return;
    log.error({ published: newestSeq, lastSeq }, "stream lost its end, what was in it is published again");
    streamLost.abort();
  }
  log.info({ from: start.from, emptyStream: start.emptyStream }, "relay started");

  // Everything up to here that is to be published is known to be stored in the stream.
  let stored = start.from;
  /** What the stream's last message says of it, or more. */
  let told = start.emptyStream ? 0n : start.from;
  const following = eventStore.follow({
    name: "relay",
    prefixes: STREAMS,
    from: stored === 0n ? "start" : stored,
    signal,
    async onEvents(events, position) {
      const seqs = await publishEvents(events, stored, parts);
      stored = position;
      seen(seqs);
    },
  });
  const reconciler = createReconciler({ ...parts, stored: () => stored });

  async function tellPosition(): Promise<void> {
    const now = stored;
    if (now <= told) return;
    await publishPosition(bus, now);
    told = now;
  }

  const onError = (error: unknown): void => {
    if (!signal.aborted) log.warn({ err: error }, "round of the relay failed and is repeated");
  };
  const stops = [
    every({
      ms: RECONCILE_EVERY_MS,
      atOnce: true,
      onError,
      work: async () => {
        // Asked for after the number that it is compared with.
        const before = newestSeq;
        const lastSeq = await bus.lastSeq();
        if (lastSeq < before) streamIsLost(lastSeq);
        else await reconciler.round(new Date());
      },
    }),
    every({ ms: positionEveryMs, onError, work: tellPosition }),
    every({
      ms: MEASURE_EVERY_MS,
      atOnce: true,
      onError,
      async work() {
        const lag = await following.lag();
        if (!signal.aborted) metrics.relayLagEvents.set(lag);
      },
    }),
  ];
  await following.done;
  for (const stop of stops) stop();
}

/** While nobody knows where to begin, nothing is relayed: what the stream does not have lags, however little of it will be published. */
function showUnknownLag({ bus, eventStore, metrics, log }: RelayParts, signal: AbortSignal): () => void {
  let isKnown = false;
  const stop = every({
    ms: MEASURE_EVERY_MS,
    async work() {
      const last = await bus.lastMessage();
      const published = (last && positionIn(last, RESUME)) ?? 0n;
      const lag = Math.max(0, Number((await eventStore.head()) - published));
      if (!isKnown && !signal.aborted) metrics.relayLagEvents.set(lag);
    },
    onError: (error) => log.debug({ err: error }, "lag not known"),
  });
  return () => {
    isKnown = true;
    stop();
  };
}
