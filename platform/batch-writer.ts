// Runs a decider on a stream that stays open and has one writer: partners, identity. Many commands become one append.
//
// 1. Commands are decided in the order in which they came, each on a state that knows all decisions before it.
// 2. write() answers only when its decision, and every decision that it rests on, is stored.
// 3. What is decided in one turn of the event loop, or while an append is under way, goes into the next append.
// 4. An append without an answer may have been stored: it is repeated unchanged for as long as this process is the writer.
// 5. Any other failed append ends the state: what was decided on it is answered "not_stored", and the stream is loaded anew, at once:
//    who waits for a time, or for room, acts on the state and asks for nothing.
// 6. Once `mayWrite` says no, nothing is appended and everything is answered "not_the_writer".
// 7. What a writer before this one had under way may be stored after this one has loaded the stream, as long as this one has not
//    appended anything: who is told of nothing looks now and then whether the stream ends where it thinks.
import type {
  AnyDecision,
  BatchWriter,
  BatchWriterOptions,
  EventIn,
  NotWritten,
  Written,
} from "./batch-writer-options.ts";
import { type Encoded, measure } from "./event-bytes.ts";
import { EventStoreUnavailable } from "./event-store/errors.ts";
import type { NewEvent } from "./event-store/stored-event.ts";
import { every } from "./every.ts";
import type { Loaded } from "./fold-stream.ts";
import { backoffMs, pause } from "./retry.ts";

export type { BatchWriter, BatchWriterOptions, NotWritten, Written };

/** Well below what a store takes in one append. */
const MAX_BATCH_BYTES = 512 * 1024;
const MAX_BATCH_EVENTS = 1_000;
const NEARLY = 0.9;
const MAX_DECISION_BYTES = 960 * 1024;
const BACKOFF = { baseMs: 100, maxMs: 3_000 };

interface Waiting<Command, Made> {
  readonly command: Command;
  readonly resolve: (written: Written<Made>) => void;
  readonly reject: (error: unknown) => void;
}

interface Decided<Command, Made> extends Waiting<Command, Made> {
  readonly decision: Made;
  readonly encoded: Encoded | Promise<Encoded>;
}

const NOTHING: Encoded = { events: [], bytes: 0 };

export function openBatchWriter<State, Command, Made extends AnyDecision>(
  options: BatchWriterOptions<State, Command, Made>,
): BatchWriter<State, Command, Made> {
  const { stream, decider, eventStore, load, encode, mayWrite, decides, onLoaded, onStored, log } = options;
  const { awaitsStored = () => false, lookEveryMs } = options;
  const closing = new AbortController();
  let current: Loaded<State> | undefined;
  let opening: Promise<boolean> | undefined;
  let waiting: Waiting<Command, Made>[] = [];
  let decided: Decided<Command, Made>[] = [];
  let working: Promise<void> | undefined;
  /** An event could not be taken in: a state that is changed in place may be half changed, and is loaded again. */
  let isDamaged = false;

  async function loadUntilOpen(): Promise<boolean> {
    for (let failures = 0; mayWrite() && !closing.signal.aborted; failures += 1) {
      try {
        const loaded = await load();
        if (!mayWrite()) return false;
        current = loaded;
        const first = onLoaded?.(loaded.state) ?? [];
        waiting = [...first.map(unattended), ...waiting];
        if (first.length > 0) work();
        return true;
      } catch (error) {
        log.warn({ err: error, stream }, "stream not loaded yet");
        await pause(backoffMs(failures, BACKOFF), closing.signal);
      }
    }
    return false;
  }

  function open(): Promise<boolean> {
    if (current !== undefined) return Promise.resolve(mayWrite());
    opening ??= loadUntilOpen().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  /** Nobody waits for it: whoever would have is gone. */
  const unattended = (command: Command): Waiting<Command, Made> => ({
    command,
    resolve: ({ decision }) => {
      if (!decision.accepted) log.warn({ stream, reason: decision.reason }, "left-over work not written");
    },
    reject: (error) => log.error({ err: error, stream }, "left-over work not written"),
  });

  /** What is known now of what will be appended for it. */
  function decide(one: Waiting<Command, Made>, loaded: Loaded<State>): Encoded {
    let isEvolving = false;
    try {
      const decision = decider.decide(one.command, loaded.state);
      if (!decision.accepted) {
        decided.push({ ...one, decision, encoded: NOTHING });
        return NOTHING;
      }
      const events = decision.events as readonly EventIn<Made>[];
      // First, because it may throw, and the state must not know of what is never stored.
      const made = encode(events, one.command);
      const encoded = made instanceof Promise ? made.then(measure) : measure(made);
      if (encoded instanceof Promise) encoded.catch(() => undefined);
      else if (encoded.bytes > MAX_DECISION_BYTES) {
        one.resolve({ decision: notWritten("too_large"), position: undefined });
        return NOTHING;
      }
      // Only the state moves: the revision is that of what is stored.
      isEvolving = true;
      current = { ...loaded, state: events.reduce(decider.evolve, loaded.state) };
      isEvolving = false;
      decided.push({ ...one, decision, encoded });
      return encoded instanceof Promise ? NOTHING : encoded;
    } catch (error) {
      one.reject(error);
      isDamaged ||= isEvolving;
      return NOTHING;
    }
  }

  function decideWaiting(): void {
    const byBatch = decides === "by_batch";
    if (isDamaged) return;
    if (decided.length > 0 && current !== undefined && (byBatch || awaitsStored(current))) return;
    let count = 0;
    let bytes = 0;
    for (let one = waiting[0]; one !== undefined && current !== undefined && !isDamaged; one = waiting[0]) {
      // A little less than an append holds: what is left over would go into an append of its own before more is decided.
      if (byBatch && (count >= MAX_BATCH_EVENTS * NEARLY || bytes >= MAX_BATCH_BYTES * NEARLY)) return;
      waiting.shift();
      const encoded = decide(one, current);
      count += Math.max(1, encoded.events.length);
      bytes += encoded.bytes;
    }
  }

  async function takeBatch(): Promise<readonly [Decided<Command, Made>[], NewEvent[]]> {
    const events: NewEvent[] = [];
    let bytes = 0;
    let count = 0;
    for (const one of decided) {
      const encoded = one.encoded instanceof Promise ? await encodedOf(one, one.encoded) : one.encoded;
      bytes += encoded.bytes;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || events.length + encoded.events.length > MAX_BATCH_EVENTS))
        break;
      events.push(...encoded.events);
      count += 1;
    }
    return [decided.slice(0, count), events];
  }

  /** The state knows its decision already, so that the others fall with it; but only this one can never be stored. */
  async function encodedOf(one: Decided<Command, Made>, encoding: Promise<Encoded>): Promise<Encoded> {
    try {
      const encoded = await encoding;
      if (encoded.bytes > MAX_DECISION_BYTES) throw new DecisionTooLarge();
      return encoded;
    } catch (error) {
      decided = decided.filter((other) => other !== one);
      // Before anybody is told, so that nothing more is decided on it.
      current = undefined;
      if (error instanceof DecisionTooLarge)
        one.resolve({ decision: notWritten("too_large"), position: undefined });
      else one.reject(error);
      throw error;
    }
  }

  async function store(): Promise<void> {
    const [batch, events] = await takeBatch();
    const position = events.length === 0 ? undefined : await append(events);
    decided.splice(0, batch.length);
    // Only then is the state exactly what the stream says.
    if (current !== undefined && events.length > 0 && decided.length === 0 && !isDamaged) tellStored(current);
    for (const { resolve, decision } of batch) resolve({ decision, position });
  }

  /** Whoever waits for a decision is told of it, whatever becomes of this. */
  function tellStored(stored: Loaded<State>): void {
    try {
      onStored?.(stored);
    } catch (error) {
      log.error({ err: error, stream }, "state not looked at after it was stored");
    }
  }

  async function append(events: readonly NewEvent[]): Promise<bigint> {
    for (;;) {
      if (current === undefined || !mayWrite()) throw new NotTheWriter();
      try {
        const { revision, position } = await eventStore.append(stream, current.revision, events);
        current = { ...current, revision };
        return position;
      } catch (error) {
        if (!(error instanceof EventStoreUnavailable)) throw error;
        log.warn({ err: error, stream }, "append not confirmed, repeated");
      }
    }
  }

  async function workOff(): Promise<void> {
    await new Promise(setImmediate);
    while (waiting.length > 0 || decided.length > 0 || current === undefined || isDamaged) {
      if (isDamaged && decided.length === 0) [current, isDamaged] = [undefined, false];
      if (current === undefined && !(await open())) return refuseAll();
      decideWaiting();
      try {
        await store();
      } catch (error) {
        const lost = decided;
        decided = [];
        [current, isDamaged] = [undefined, false];
        if (!mayWrite()) return refuseAll(lost);
        log.warn({ err: error, stream }, "decisions not stored, stream is loaded again");
        for (const { resolve } of lost) resolve({ decision: notWritten("not_stored"), position: undefined });
      }
    }
  }

  function refuseAll(lost: readonly Waiting<Command, Made>[] = []): void {
    const refused = [...lost, ...decided, ...waiting];
    [decided, waiting, current] = [[], [], undefined];
    for (const { resolve } of refused)
      resolve({ decision: notWritten("not_the_writer"), position: undefined });
  }

  function work(): void {
    working ??= workOff().finally(() => {
      working = undefined;
      if (waiting.length > 0 || decided.length > 0) work();
    });
  }

  /** 7 */
  async function look(): Promise<void> {
    const seen = current;
    if (seen === undefined || working !== undefined || !mayWrite()) return;
    const [last] = await eventStore.readStreamBackwards(stream, 1);
    if (last === undefined || current !== seen || working !== undefined) return;
    if (seen.revision !== "no_stream" && last.revision <= seen.revision) return;
    log.warn({ stream, revision: `${last.revision}` }, "stream has grown without its writer, loaded again");
    current = undefined;
    await open();
  }

  const stopLooking =
    lookEveryMs &&
    every({
      ms: lookEveryMs,
      work: look,
      keepsAlive: false,
      onError: (error) => log.debug({ err: error, stream }, "end of the stream not looked at"),
    });

  return {
    get state() {
      return current?.state;
    },
    open,
    write(command) {
      if (closing.signal.aborted || !mayWrite())
        return Promise.resolve({ decision: notWritten("not_the_writer"), position: undefined });
      return new Promise((resolve, reject) => {
        waiting.push({ command, resolve, reject });
        if (decides === "at_once") decideWaiting();
        work();
      });
    },
    async close() {
      closing.abort();
      if (stopLooking) stopLooking();
      await working;
    },
  };
}

class NotTheWriter extends Error {
  override name = "NotTheWriter";
}

class DecisionTooLarge extends Error {
  override name = "DecisionTooLarge";
}

const notWritten = (reason: NotWritten["reason"]): NotWritten => ({ accepted: false, reason });
