// The one place where streams, buckets and the shape of a mailbox's consumer are declared.
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";

export type StreamName = "YARD" | "SUBMISSIONS" | "PARTNERS";
export type BucketName = "leases";

export const SUBJECTS: Readonly<Record<StreamName, string>> = {
  YARD: "yard.>",
  SUBMISSIONS: "submissions.>",
  PARTNERS: "partners.>",
};

/** What members of campaigns reply, beside the submissions: it has no other copy either. */
const REPLIES = "replies.>";

export interface TopologyOptions {
  /** 1 on a single server, 3 in a cluster. */
  readonly replicas?: number;
  /** What YARD may keep on disk; the oldest goes first. */
  readonly maxBytes?: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const GIB = 2 ** 30;
/** A stream with less room than this would be full at once. */
const MIN_STREAM_BYTES = 4 * 2 ** 20;

/** What the server of the oldest version that we support has, and no more: see docs/decisions/0022. */
const shared = {
  storage: StorageType.File,
  duplicate_window: nanos(2 * MINUTE),
  allow_direct: true,
};

type NamedConfig = Partial<StreamConfig> & { readonly name: string };

function streams({ replicas = 1, maxBytes = 8 * GIB }: TopologyOptions): NamedConfig[] {
  return [
    {
      ...shared,
      name: "YARD",
      subjects: [SUBJECTS.YARD],
      num_replicas: replicas,
      // Derived from the log, which can derive it again: the oldest may go.
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(7 * DAY),
      max_bytes: maxBytes,
    },
    {
      ...shared,
      name: "SUBMISSIONS",
      subjects: [SUBJECTS.SUBMISSIONS, REPLIES],
      num_replicas: replicas,
      // The only copy until the gateway has taken it in: kept until then, and refused to its sender when there is no room.
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      max_age: 0,
      max_bytes: GIB,
    },
    {
      ...shared,
      name: "PARTNERS",
      subjects: [SUBJECTS.PARTNERS],
      num_replicas: replicas,
      // What partners read in their own time; who never reads must not keep the others from getting anything.
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(7 * DAY),
      max_bytes: GIB,
    },
  ];
}

/** A lease nobody renews is dead long before it leaves the bucket; ageing only tidies up. */
function buckets({ replicas = 1 }: TopologyOptions): NamedConfig[] {
  return [
    {
      name: "KV_leases",
      subjects: ["$KV.leases.>"],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_age: nanos(10 * MINUTE),
      max_msgs_per_subject: 1,
      duplicate_window: nanos(2 * MINUTE),
      allow_direct: true,
      allow_rollup_hdrs: true,
      deny_delete: true,
      num_replicas: replicas,
    },
  ];
}

// The server's own numbers for what it refuses.
const STREAM_NAME_IN_USE = 10058;
const NO_STORAGE_LEFT = 10047;
const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;
const NO_MESSAGE_FOUND = 10037;
const SEQUENCE_NOT_FOUND = 10043;

const MISSING = new Set([STREAM_NOT_FOUND, CONSUMER_NOT_FOUND, NO_MESSAGE_FOUND, SEQUENCE_NOT_FOUND]);

const numberOf = (error: unknown): number | undefined =>
  error instanceof NatsError ? error.api_error?.err_code : undefined;

export function isMissing(error: unknown): boolean {
  if (error instanceof NatsError && error.code === "404") return true;
  return MISSING.has(numberOf(error) ?? 0);
}

async function ensureStream(manager: JetStreamManager, config: NamedConfig): Promise<void> {
  try {
    // Adding what is there already, exactly so, is no error.
    await manager.streams.add(config);
  } catch (error) {
    switch (numberOf(error)) {
      case STREAM_NAME_IN_USE:
        return updateStream(manager, config);
      case NO_STORAGE_LEFT:
        return createSmaller(manager, config, error);
      default:
        throw error;
    }
  }
}

/** Where there is no room for more it stays as large as it is: what it holds may have no other copy. */
async function updateStream(manager: JetStreamManager, config: NamedConfig): Promise<void> {
  try {
    await manager.streams.update(config.name, config);
  } catch (error) {
    if (numberOf(error) !== NO_STORAGE_LEFT) throw error;
    const { max_bytes } = (await manager.streams.info(config.name)).config;
    await manager.streams.update(config.name, { ...config, max_bytes });
  }
}

/** The server sets the space of a stream aside at once; on a small disk less must do. */
async function createSmaller(manager: JetStreamManager, config: NamedConfig, why: unknown): Promise<void> {
  const { name, max_bytes = 0 } = config;
  const half = Math.floor(max_bytes / 2);
  if (half >= MIN_STREAM_BYTES) return ensureStream(manager, { ...config, max_bytes: half });
  if (name === "YARD" || !(await halveYard(manager)))
    throw new Error(
      `JetStream has no room for the stream ${name}: make room on its disk, or raise max_file_store`,
      { cause: why },
    );
  return ensureStream(manager, config);
}

/** It came first and took most; what it loses is derived again. */
async function halveYard(manager: JetStreamManager): Promise<boolean> {
  const { config } = await manager.streams.info("YARD");
  const half = Math.floor(config.max_bytes / 2);
  if (half < MIN_STREAM_BYTES) return false;
  await manager.streams.update("YARD", { ...config, max_bytes: half });
  return true;
}

/** Creates or updates all of it; several processes may do so at once. */
export async function ensureTopology(
  manager: JetStreamManager,
  options: TopologyOptions = {},
): Promise<void> {
  for (const config of [...streams(options), ...buckets(options)]) await ensureStream(manager, config);
}

export interface ConsumerShape {
  readonly stream: StreamName;
  readonly name: string;
  readonly filter: string;
  readonly ackWaitMs: number;
  readonly maxAckPending: number;
}

const consumerOf = (shape: ConsumerShape): Partial<ConsumerConfig> => ({
  durable_name: shape.name,
  filter_subject: shape.filter,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(shape.ackWaitMs),
  max_ack_pending: shape.maxAckPending,
  // Nothing is dropped for having been tried too often: who reads the mailbox decides that, and says so.
  max_deliver: -1,
});

/** Makes the consumer anew where everything before is answered, so that what waits for its delay comes at once. */
export async function rewindConsumer(manager: JetStreamManager, shape: ConsumerShape): Promise<void> {
  const { ack_floor } = await manager.consumers.info(shape.stream, shape.name);
  await manager.consumers.delete(shape.stream, shape.name);
  await manager.consumers.add(shape.stream, {
    ...consumerOf(shape),
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: ack_floor.stream_seq + 1,
  });
}

/** Creates or updates a mailbox's durable consumer. */
export async function ensureConsumer(manager: JetStreamManager, shape: ConsumerShape): Promise<void> {
  const wanted = consumerOf(shape);
  const found = await manager.consumers.info(shape.stream, shape.name).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (!found) {
    await manager.consumers.add(shape.stream, wanted);
  } else if (found.config.filter_subject !== shape.filter) {
    throw new Error(
      `mailbox ${shape.name} exists and reads ${found.config.filter_subject}, not ${shape.filter}`,
    );
  } else if (
    found.config.ack_wait !== wanted.ack_wait ||
    found.config.max_ack_pending !== wanted.max_ack_pending
  ) {
    await manager.consumers.update(shape.stream, shape.name, wanted);
  }
}
