// One stream of JetStream in memory, and its durable consumers: what each of them has been given and not acknowledged.
import type { MailboxOptions } from "#platform/bus/bus.ts";
import { elapsed } from "./clock.ts";

export interface Message {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly storedAt: number;
}

interface Pending {
  /** It comes again then. */
  dueAt: number;
  deliveries: number;
}

export interface Consumer {
  readonly filter: string;
  readonly pending: Map<number, Pending>;
  delivered: number;
}

interface Due {
  readonly message: Message;
  readonly deliveries: number;
}

export interface Stream {
  readonly messages: Map<number, Message>;
  readonly consumers: Map<string, Consumer>;
  readonly lastSeq: number;
  store(
    subject: string,
    data: Uint8Array,
    id: string,
    headers: Readonly<Record<string, string>>,
  ): { readonly seq: number; readonly duplicate: boolean };
  /** Made where there is none. */
  consumer(options: Pick<MailboxOptions, "name" | "filter">): Consumer;
  next(consumer: Consumer, count: number, maxAckPending: number, ackWaitMs: number): Due[];
  wipe(): void;
}

const DEDUPE_MS = 120_000;

export function createStream(): Stream {
  const messages = new Map<number, Message>();
  const ids = new Map<string, { readonly seq: number; readonly at: number }>();
  const consumers = new Map<string, Consumer>();
  let lastSeq = 0;

  function store(subject: string, data: Uint8Array, id: string, headers: Readonly<Record<string, string>>) {
    const known = ids.get(id);
    if (known !== undefined && known.at > elapsed() - DEDUPE_MS) return { seq: known.seq, duplicate: true };
    lastSeq += 1;
    messages.set(lastSeq, { seq: lastSeq, subject, data, headers, storedAt: Date.now() });
    ids.set(id, { seq: lastSeq, at: elapsed() });
    return { seq: lastSeq, duplicate: false };
  }

  const consumerOf = ({ name, filter }: Pick<MailboxOptions, "name" | "filter">): Consumer => {
    const known = consumers.get(name) ?? {
      filter: filter.replace(/>$/, ""),
      pending: new Map(),
      delivered: 0,
    };
    consumers.set(name, known);
    return known;
  };

  /** What comes again first, then what is new. */
  function next(consumer: Consumer, count: number, maxAckPending: number, ackWaitMs: number) {
    const due = [...consumer.pending].filter(([, { dueAt }]) => dueAt <= elapsed()).map(([seq]) => seq);
    const fresh: number[] = [];
    for (let seq = consumer.delivered + 1; seq <= lastSeq && fresh.length < count; seq += 1) {
      if (consumer.pending.size + fresh.length >= maxAckPending) break;
      if (messages.get(seq)?.subject.startsWith(consumer.filter)) fresh.push(seq);
      consumer.delivered = seq;
    }
    return [...due, ...fresh].slice(0, Math.max(count, due.length)).flatMap((seq) => {
      const message = messages.get(seq);
      if (message === undefined) {
        consumer.pending.delete(seq);
        return [];
      }
      const deliveries = (consumer.pending.get(seq)?.deliveries ?? 0) + 1;
      consumer.pending.set(seq, { dueAt: elapsed() + ackWaitMs, deliveries });
      return [{ message, deliveries }];
    });
  }

  return {
    messages,
    consumers,
    get lastSeq() {
      return lastSeq;
    },
    store,
    consumer: consumerOf,
    next,
    wipe() {
      for (const all of [messages, ids, consumers]) all.clear();
      lastSeq = 0;
    },
  };
}
