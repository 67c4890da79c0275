// One transaction in the making: what it writes is seen by the writers that share it, and by readers once it is durable.
import type { ProposedEvent, Recorded } from "./event-log.ts";
import type { LogState } from "./log-state.ts";
import type { StreamHead } from "./stream-head.ts";
import { encodeRecorded, idOf, TOMBSTONE_REVISION } from "./wire.ts";

export class Batch {
  readonly events: Recorded[] = [];
  readonly ids = new Map<string, Recorded>();
  readonly heads = new Map<string, StreamHead>();
  readonly #state: LogState;
  readonly #createdMs: number;
  #position: number;

  constructor(state: LogState, createdMs: number) {
    this.#state = state;
    this.#createdMs = createdMs;
    this.#position = state.head;
  }

  head(stream: string): StreamHead {
    return this.heads.get(stream) ?? this.#state.streamHead(stream);
  }

  setHead(head: StreamHead): void {
    this.heads.set(head.name, head);
  }

  append(stream: string, event: ProposedEvent): Recorded {
    const head = this.head(stream);
    return this.#write(head, event, head.last + 1);
  }

  tombstone(stream: string, event: ProposedEvent): Recorded {
    const recorded = this.#write(this.head(stream), event, TOMBSTONE_REVISION);
    this.setHead({ ...this.head(stream), life: "tombstoned" });
    return recorded;
  }

  #write(head: StreamHead, event: ProposedEvent, revision: number | typeof TOMBSTONE_REVISION): Recorded {
    this.#position += 1;
    const position = this.#position;
    const number = head.number === 0 ? position : head.number;
    const wire = encodeRecorded(event, { stream: head.name, revision, position, createdMs: this.#createdMs });
    const recorded: Recorded = {
      position: BigInt(position),
      stream: head.name,
      revision: BigInt(revision),
      type: event.type,
      wire,
    };
    this.#state.storage.insertEvent(recorded, number, revision);
    this.events.push(recorded);
    this.ids.set(event.id, recorded);
    this.setHead({ ...head, number, last: typeof revision === "number" ? revision : head.last });
    return recorded;
  }

  /** The event at this revision, whether it is of this batch or an older one. */
  eventAt(head: StreamHead, revision: number): Recorded | undefined {
    if (head.number === 0 || revision < 0 || revision > head.last) return undefined;
    return this.#state.storage.readStream(head, revision, "forwards", { maxCount: 1, maxBytes: 1 })[0];
  }

  idAt(head: StreamHead, revision: number): string | undefined {
    const event = this.eventAt(head, revision);
    return event && idOf(event.wire);
  }

  /** The revision of a recently written event of this stream. */
  revisionOf(stream: string, id: string): number | undefined {
    const event = this.ids.get(id) ?? this.#state.recentEvent(id);
    return event?.stream === stream ? Number(event.revision) : undefined;
  }

  /** What the events don't say of their streams. */
  save(): void {
    for (const head of this.heads.values()) if (!this.#state.isLate(head)) this.#state.storage.saveHead(head);
    this.#state.rows.write(this);
  }
}
