// Which groups there are: the fold of a system stream, one event for each change.
import type { Logger } from "pino";
import { z } from "zod";
import type { EventLog } from "../engine/event-log.ts";
import type { Definition, GroupName } from "./settings.ts";
import { keyOf, strategies } from "./settings.ts";
import { appendSystemEvent, textOf } from "./system-events.ts";

const STREAM = "$persistentSubscriptionConfig";
const DEFINED = "$PersistentSubscriptionDefined";
const DELETED = "$PersistentSubscriptionDeleted";
const PAGE = { maxCount: 500, maxBytes: 1024 * 1024 };

const count = z.int().nonnegative();
const place = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
const name = { source: z.string().min(1), group: z.string().min(1) };

const definitionSchema = z.object({
  ...name,
  settings: z.object({
    resolveLinks: z.boolean(),
    extraStatistics: z.boolean(),
    messageTimeoutMs: count,
    maxRetryCount: count,
    checkpointAfterMs: count,
    minCheckpointCount: count,
    maxCheckpointCount: count,
    maxSubscriberCount: count,
    liveBufferSize: count,
    historyBufferSize: count,
    readBatchSize: count,
    strategy: z.enum(strategies),
  }),
  startFrom: z.union([z.enum(["start", "end"]), place]),
  resumeAfter: place,
  filter: z
    .object({ on: z.enum(["stream", "type"]), regex: z.string(), prefixes: z.array(z.string()) })
    .optional(),
});
const nameSchema = z.object(name);

export async function recordDefined(log: EventLog, definition: Definition): Promise<void> {
  const data = JSON.stringify(definition, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  await appendSystemEvent(log, STREAM, { type: DEFINED, data });
}

export async function recordDeleted(log: EventLog, { source, group }: GroupName): Promise<void> {
  await appendSystemEvent(log, STREAM, { type: DELETED, data: JSON.stringify({ source, group }) });
}

export function readDefinitions(log: EventLog, logger: Logger): Definition[] {
  const definitions = new Map<string, Definition>();
  let from: bigint | undefined = 0n;
  while (from !== undefined) {
    const page = log.readStream(STREAM, from, "forwards", PAGE);
    for (const event of page.events) {
      try {
        apply(definitions, event.type, JSON.parse(textOf(event)));
      } catch (error) {
        // Anybody may write to this stream; what isn't ours must not stop the groups that are.
        logger.warn({ err: error, revision: `${event.revision}` }, `skipped an event of ${STREAM}`);
      }
    }
    from = page.next;
  }
  return [...definitions.values()];
}

function apply(definitions: Map<string, Definition>, type: string, data: unknown): void {
  if (type === DEFINED) {
    const definition = definitionSchema.parse(data);
    definitions.set(keyOf(definition), { ...definition, filter: definition.filter });
  }
  if (type === DELETED) definitions.delete(keyOf(nameSchema.parse(data)));
}
