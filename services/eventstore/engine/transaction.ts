// A transaction in the making. The writers that share it see what it writes; readers see it once it is durable.
import { ONE_EVENT, type ProposedEvent, type RecordedEvent } from "./event-log.ts";
import type { LogState } from "./log-state.ts";
import { encodeRecorded, idOf, TOMBSTONE_REVISION } from "./recorded-event.ts";
import type { StreamHead } from "./stream-head.ts";

export class Transaction {
  readonly events: RecordedEvent[] = [];
  readonly byId = new Map<string, RecordedEvent>();
  readonly heads = new Map<string, StreamHead>();
  readonly #state: LogState;
  readonly #createdMs: number;

  constructor(state: LogState, createdMs: number) {
    this.#state = state;
    this.#createdMs = createdMs;
  }

  head(stream: string): StreamHead {
    return this.heads.get(stream) ?? this.#state.streamHead(stream);
  }

  setHead(head: StreamHead): void {
    this.heads.set(head.name, head);
  }

  append(stream: string, event: ProposedEvent): RecordedEvent {
    const head = this.head(stream);
    return this.#write(head, event, head.last + 1);
  }

  tombstone(stream: string, event: ProposedEvent): RecordedEvent {
    const recorded = this.#write(this.head(stream), event, TOMBSTONE_REVISION);
    this.setHead({ ...this.head(stream), life: "tombstoned" });
    return recorded;
  }

  #write(
    head: StreamHead,
    event: ProposedEvent,
    revision: number | typeof TOMBSTONE_REVISION,
  ): RecordedEvent {
    const position = this.#state.head + this.events.length + 1;
    const number = head.number === 0 ? position : head.number;
    const recorded: RecordedEvent = {
      position: BigInt(position),
      stream: head.name,
      revision: BigInt(revision),
      type: event.type,
      wire: encodeRecorded(event, { stream: head.name, revision, position, createdMs: this.#createdMs }),
    };
    this.#state.storage.insertEvent(recorded, number, revision);
    this.events.push(recorded);
    this.byId.set(event.id, recorded);
    this.setHead({ ...head, number, last: typeof revision === "number" ? revision : head.last });
    return recorded;
  }

  /** The event at this revision, whether it was written before or in this transaction. */
  eventAt(head: StreamHead, revision: number): RecordedEvent | undefined {
    if (head.number === 0 || revision < 0 || revision > head.last) return undefined;
    return this.#state.storage.readStream(head, revision, "forwards", ONE_EVENT)[0];
  }

  idAt(head: StreamHead, revision: number): string | undefined {
    const event = this.eventAt(head, revision);
    return event && idOf(event.wire);
  }

  /** The revision of a recently written event of this stream. */
  revisionOf(stream: string, id: string): number | undefined {
    const event = this.byId.get(id) ?? this.#state.recentEvent(id);
    return event?.stream === stream ? Number(event.revision) : undefined;
  }

  /** Writes the stream rows that can't wait, and some of those that did. */
  writeRows(): void {
    for (const head of this.heads.values())
      if (!this.#state.canWait(head)) this.#state.storage.saveHead(head);
    this.#state.rows.writeSome(this);
  }
}
