// What one group keeps in the log, where it survives a crash: its checkpoint and its parked messages.
import type { EventLog, Recorded } from "../engine/event-log.ts";
import { LINK_TYPE } from "../protocol/links.ts";
import { LatestWrite } from "./latest-write.ts";
import type { GroupName } from "./settings.ts";
import { ALL, keyOf, parsePlace, placeText } from "./settings.ts";
import { appendSystemEvent, deleteSystemStream, textOf } from "./system-events.ts";

const CHECKPOINT_TYPE = "$SubscriptionCheckpoint";
const METADATA_TYPE = "$metadata";
const PREFIX = "$persistentsubscription-";
const ONE = { maxCount: 1, maxBytes: 1 };
const PARKED_PAGE_BYTES = 256 * 1024;

export interface ParkedPage {
  readonly links: readonly Recorded[];
  readonly through: bigint;
}

/** A group on $all that was handed its own checkpoints and parked links would go on for ever. */
export function isOwnEvent(event: Recorded): boolean {
  return event.stream.startsWith(`${PREFIX}${ALL}::`) || event.stream.startsWith(`$$${PREFIX}${ALL}::`);
}

function streamsOf(name: GroupName): { readonly checkpoint: string; readonly parked: string } {
  return { checkpoint: `${PREFIX}${keyOf(name)}-checkpoint`, parked: `${PREFIX}${keyOf(name)}-parked` };
}

/** Whoever creates a group of this name again begins from nothing. */
export async function eraseLedger(log: EventLog, name: GroupName): Promise<void> {
  const { checkpoint, parked } = streamsOf(name);
  await deleteSystemStream(log, checkpoint);
  await deleteSystemStream(log, parked);
}

export class Ledger {
  readonly #log: EventLog;
  readonly #source: string;
  readonly #checkpointStream: string;
  readonly #parkedStream: string;
  /** The checkpoint that an earlier run of the group has left. */
  readonly #found: bigint | undefined;
  readonly #checkpoint: LatestWrite<bigint>;
  readonly #parkedBound: LatestWrite<bigint>;

  constructor(log: EventLog, name: GroupName, onFailure: (error: unknown) => void) {
    this.#log = log;
    this.#source = name.source;
    const { checkpoint, parked } = streamsOf(name);
    this.#checkpointStream = checkpoint;
    this.#parkedStream = parked;
    const [found] = log.readStream(checkpoint, "end", "backwards", ONE).events;
    this.#found = found && parsePlace(textOf(found).replaceAll('"', ""));
    this.#checkpoint = new LatestWrite((through) => this.#writeCheckpoint(through), onFailure);
    this.#parkedBound = new LatestWrite((through) => this.#writeParkedBound(through), onFailure);
  }

  /** The last settled place on disk; undefined before there was one. */
  get checkpoint(): bigint | undefined {
    return this.#checkpoint.written ?? this.#found;
  }

  recordCheckpoint(through: bigint): void {
    this.#checkpoint.submit(through);
  }

  /** Resolves with its revision when the message is on disk among the parked. */
  park(event: Recorded, reason: string, now: number): Promise<bigint> {
    return appendSystemEvent(this.#log, this.#parkedStream, {
      type: LINK_TYPE,
      data: `${event.revision}@${event.stream}`,
      metadata: { added: new Date(now).toISOString(), reason },
    });
  }

  /** The revision before the oldest parked message. */
  parkedBefore(): bigint {
    const [first] = this.#log.readStream(this.#parkedStream, "start", "forwards", ONE).events;
    return first ? first.revision - 1n : this.lastParked();
  }

  lastParked(): bigint {
    return this.#log.lastRevision(this.#parkedStream);
  }

  readParked(after: bigint, before: bigint, maxCount: number): ParkedPage {
    const bounds = { maxCount, maxBytes: PARKED_PAGE_BYTES };
    const { events } = this.#log.readStream(this.#parkedStream, after + 1n, "forwards", bounds);
    const links = events.filter(({ revision }) => revision < before);
    return { links, through: links.at(-1)?.revision ?? before - 1n };
  }

  /** Replayed and settled messages are no longer parked. */
  forgetParked(through: bigint): void {
    this.#parkedBound.submit(through);
  }

  /** Resolves when nothing is being written; what the disk refuses now is left to the next start. */
  async flush(): Promise<void> {
    await Promise.all([this.#checkpoint.close(), this.#parkedBound.close()]);
  }

  async #writeCheckpoint(through: bigint): Promise<void> {
    const first = this.#log.lastRevision(this.#checkpointStream) < 0n;
    await appendSystemEvent(this.#log, this.#checkpointStream, {
      type: CHECKPOINT_TYPE,
      data: JSON.stringify(placeText(this.#source, through)),
    });
    if (first) await this.#setMetadata(this.#checkpointStream, { $maxCount: 2 });
  }

  async #writeParkedBound(through: bigint): Promise<void> {
    await this.#setMetadata(this.#parkedStream, { $tb: Number(through + 1n) });
  }

  async #setMetadata(stream: string, metadata: Readonly<Record<string, number>>): Promise<void> {
    await appendSystemEvent(this.#log, `$$${stream}`, {
      type: METADATA_TYPE,
      data: JSON.stringify(metadata),
    });
  }
}
