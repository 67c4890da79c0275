// Spans for OpenTelemetry, sent as OTLP in JSON. Each event is a span whose id follows from the event's, and whose parent is the event that
// caused it: so processes that never speak to each other make one tree. Only loaded where OTEL_EXPORTER_OTLP_ENDPOINT is set.

import type { NewEvent } from "./event-store/stored-event.ts";
import { every } from "./every.ts";
import { spanOf } from "./ids.ts";
import type { Log } from "./log.ts";

export interface Span {
  readonly trace: string;
  readonly id: string;
  readonly parent?: string | undefined;
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** It asks somebody outside. */
  readonly isCall?: boolean;
}

export interface Tracing {
  add(span: Span): void;
  /** Events that were appended, and since when that was tried. */
  appended(stream: string, events: readonly NewEvent[], startMs: number): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Of a collector; `/v1/traces` is added. */
  readonly endpoint: string;
  readonly name: string;
  readonly instance: string;
  readonly log: Log;
}

const SEND_EVERY_MS = 1_000;
const SEND_WITHIN_MS = 5_000;
const MAX_IN_REQUEST = 1_000;
/** While nobody takes them; more are dropped. */
const MAX_WAITING = 10_000;
const TRACE = /^(?!0{32})[0-9a-f]{32}$/;
const [INTERNAL, CLIENT] = [1, 3];

export function openTracing({ endpoint, name, instance, log }: TracingOptions): Tracing {
  const url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
  const resource = {
    attributes: attributesOf({ "service.name": `switchyard-${name}`, "service.instance.id": instance }),
  };
  let waiting: object[] = [];
  let dropped = 0;
  let isFailing = false;

  function add({ trace, id, parent, name: of, startMs, endMs, attributes = {}, isCall = false }: Span): void {
    if (!TRACE.test(trace)) return;
    if (waiting.length >= MAX_WAITING) {
      dropped += 1;
      return;
    }
    waiting.push({
      traceId: trace,
      spanId: id,
      ...(parent !== undefined && { parentSpanId: parent }),
      name: of,
      kind: isCall ? CLIENT : INTERNAL,
      startTimeUnixNano: nanos(startMs),
      endTimeUnixNano: nanos(Math.max(startMs, endMs)),
      attributes: attributesOf(attributes),
    });
  }

  /** Never two at once: each takes what it has sent from the front of what waits. */
  let sending: Promise<void> = Promise.resolve();
  function send(): Promise<void> {
    sending = sending.catch(() => undefined).then(sendAll);
    return sending;
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const spans = waiting.slice(0, MAX_IN_REQUEST);
      const scopeSpans = [{ scope: { name: "switchyard" }, spans }];
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
        signal: AbortSignal.timeout(SEND_WITHIN_MS),
      });
      await response.body?.cancel();
      // What it calls wrong would be wrong again.
      if (response.status >= 500 || response.status === 429) throw new Error(`answered ${response.status}`);
      waiting = waiting.slice(spans.length);
      if (isFailing || dropped > 0) log.info({ dropped }, "spans are taken again");
      [isFailing, dropped] = [false, 0];
    }
  }

  const stop = every({
    ms: SEND_EVERY_MS,
    work: send,
    onError(error) {
      if (!isFailing) log.warn({ err: error, url }, "spans not taken, kept for a while");
      isFailing = true;
    },
  });

  return {
    add,
    appended(stream, events, startMs) {
      const endMs = Date.now();
      for (const { id, type, metadata } of events) {
        const { trace, causation, parent } = metadata;
        if (trace === undefined) continue;
        const caused = causation === undefined ? parent : spanOf(causation);
        add({ trace, id: spanOf(id), parent: caused, name: type, startMs, endMs, attributes: { stream } });
      }
    },
    async close() {
      stop();
      await send().catch((error: unknown) => log.warn({ err: error }, "last spans not taken"));
    },
  };
}

const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1_000)) * 1_000n}`;

const attributesOf = (given: Readonly<Record<string, string | number>>) =>
  Object.entries(given).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? { stringValue: value } : { intValue: `${Math.round(value)}` },
  }));
