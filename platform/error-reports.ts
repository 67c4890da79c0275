// Errors and stage timings for Sentry, where SENTRY_DSN asks for them; its code is loaded only then.
//
// 1. What leaves is put together here, field by field: nothing that a library adds by itself, no request, no payload, no breadcrumb.
// 2. Free text, which is an error's message alone, goes through scrub() first.
// 3. Nobody waits for Sentry, and an outage that fails thousands of times is told a few times.
import type { Event, NodeClient } from "@sentry/node";
import { newSpanId, newUuid } from "./ids.ts";
import type { Metrics } from "./metrics.ts";
import { scrub } from "./scrub.ts";
import { tokenBucket } from "./token-bucket.ts";

export interface ErrorReports {
  error(error: unknown, message: string): void;
  /** From now on a share of the stages' times is reported. */
  timeStages(metrics: Pick<Metrics, "stageSeconds">): void;
  /** Resolves when what was reported has left, or the time is over. */
  close(): Promise<void>;
}

export interface ErrorReportOptions {
  readonly dsn: string;
  readonly tracesSampleRate: number;
  /** Of the process. */
  readonly name: string;
  readonly instance: string;
}

const PER_SECOND = 1;
const AT_ONCE = 30;
const FLUSH_MS = 2_000;
const MAX_TAG = 200;

export async function openErrorReports(options: ErrorReportOptions): Promise<ErrorReports> {
  const { dsn, tracesSampleRate, name, instance } = options;
  const { NodeClient, defaultStackParser, makeNodeTransport } = await import("@sentry/node");
  // Not its init(), which would hook into everything that a process does.
  const client = new NodeClient({
    dsn,
    serverName: instance,
    integrations: [],
    stackParser: defaultStackParser,
    transport: makeNodeTransport,
    sendClientReports: false,
    beforeSend: (event) => ({ ...onlyOurs(event), type: undefined }),
  });
  client.init();
  const errors = tokenBucket(PER_SECOND, undefined, AT_ONCE);
  // Its own, so that a busy hour leaves room for errors.
  const timings = tokenBucket(PER_SECOND, undefined, AT_ONCE);

  return {
    error(error, message) {
      if (errors.take(1) === 0) return; // 3
      const tags = { process: name, message: scrub(message).slice(0, MAX_TAG) };
      if (error instanceof Error) client.captureException(error, { captureContext: { tags } });
      else client.captureEvent({ level: "error", message: scrub(message), tags });
    },
    timeStages({ stageSeconds }) {
      const observe = stageSeconds.observe.bind(stageSeconds);
      // In place of the histogram's own method, so that nobody pays for it where nothing is reported.
      stageSeconds.observe = (labels: unknown, seconds?: number): void => {
        observe(labels as { stage: string }, seconds as number);
        const { stage } = labels as { readonly stage?: string };
        if (stage === undefined || seconds === undefined || Math.random() >= tracesSampleRate) return;
        if (timings.take(1) > 0) reportStage(client, { stage, seconds, name, instance });
      };
    },
    async close() {
      await client.close(FLUSH_MS);
    },
  };
}

interface StageTime {
  readonly stage: string;
  readonly seconds: number;
  readonly name: string;
  readonly instance: string;
}

function reportStage(client: NodeClient, { stage, seconds, name, instance }: StageTime): void {
  const timestamp = Date.now() / 1_000;
  client.captureEvent({
    type: "transaction",
    transaction: `stage ${stage}`,
    transaction_info: { source: "custom" },
    start_timestamp: timestamp - seconds,
    timestamp,
    server_name: instance,
    tags: { process: name },
    contexts: { trace: { trace_id: newUuid().replaceAll("-", ""), span_id: newSpanId(), op: "stage" } },
    spans: [],
  });
}

/** 1, 2 */
function onlyOurs({
  event_id,
  timestamp,
  level,
  platform,
  server_name,
  message,
  exception,
  tags,
}: Event): Event {
  return {
    ...(event_id !== undefined && { event_id }),
    ...(timestamp !== undefined && { timestamp }),
    ...(level !== undefined && { level }),
    ...(platform !== undefined && { platform }),
    ...(server_name !== undefined && { server_name }),
    ...(message !== undefined && { message: scrub(message) }),
    ...(tags !== undefined && { tags }),
    ...(exception?.values && { exception: { values: exception.values.map(scrubbed) } }),
  };
}

type Exception = NonNullable<NonNullable<Event["exception"]>["values"]>[number];

function scrubbed({ type, value, stacktrace }: Exception): Exception {
  const frames = stacktrace?.frames?.map(({ filename, function: name, module, lineno, colno, in_app }) => ({
    ...(filename !== undefined && { filename }),
    ...(name !== undefined && { function: name }),
    ...(module !== undefined && { module }),
    ...(lineno !== undefined && { lineno }),
    ...(colno !== undefined && { colno }),
    ...(in_app !== undefined && { in_app }),
  }));
  return {
    ...(type !== undefined && { type }),
    ...(value !== undefined && { value: scrub(value) }),
    ...(frames !== undefined && { stacktrace: { frames } }),
  };
}
