// Tells all readers what happens, from one follower of the log for all of them. Without readers nothing is followed. See
// docs/decisions/0078.
//
// 1. A message is told only once the read models show it, or after they did not for MAX_MODEL_WAIT_MS.
// 2. `place` only grows. Every message up to it is in `kept`, if it is after its floor, and was written to each reader in `readers`.
// 3. A reader joins `readers` in the turn in which it has had everything up to `place`, so it misses nothing and gets nothing twice.
import { CAMPAIGN_CONFIG_STREAM } from "#domain/campaign/configured.ts";
import { INTAKE_STREAM_PREFIX } from "#domain/intake/events.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { RULESET_STREAM } from "#domain/rules/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";
import type { ProgressQueries } from "#projections/progress.ts";
import { type KeptMessage, KeptMessages } from "./kept-messages.ts";
import { changedViews, type Message, messagesOf, toldTypes } from "./messages.ts";
import { endOf, idAt, type Place, placeBefore, positionAt } from "./place.ts";
import { toldProjections } from "./projections.ts";
import type { Reader } from "./reader.ts";
import type { Shown } from "./shown.ts";

export interface HubParts {
  readonly eventStore: Pick<EventStore, "follow" | "scan" | "head">;
  readonly shown: Shown;
  /** Of leads, where an event does not say it. */
  readonly originsOf: (
    ids: readonly string[],
  ) => Promise<ReadonlyMap<string, { readonly kind: string; readonly source: string }>>;
  readonly progress: Pick<ProgressQueries, "list">;
  readonly log: Log;
  readonly heartbeatMs?: number;
}

export interface Hub {
  /** Where a reader begins that does not say where it was. */
  begin(): Promise<Place>;
  /** Catches the reader up from its place and tells it everything from then on. */
  add(reader: Reader, resumes: boolean): Promise<void>;
  /** Of a reader that is gone. */
  remove(reader: Reader): void;
  close(): Promise<void>;
}

const PREFIXES = [
  SUBMISSION_STREAM_PREFIX,
  PARTNER_STREAM_PREFIX,
  INTAKE_STREAM_PREFIX,
  PARTNER_CONFIG_STREAM,
  RULESET_STREAM,
  CAMPAIGN_CONFIG_STREAM,
];
/** Of about 200 bytes each. */
const MAX_KEPT = 5_000;
const MAX_REPLAY_MS = 5_000;
const MAX_MODEL_WAIT_MS = 5_000;
const HEARTBEAT_MS = 15_000;
const PROJECTIONS_MS = 2_000;
/** Who lost the connection is back before that. */
const LINGER_MS = 60_000;
const BATCH = { maxCount: 500, gatherMs: 100 };
/** Of messages that are written to one reader at once while it catches up. */
const PIECE = 200;

interface Running {
  readonly kept: KeptMessages;
  place: Place;
  /** What is before it can't be replayed. */
  tooOld: Place;
  readonly ending: AbortController;
  stop(): Promise<void>;
}

export function createHub({
  eventStore,
  shown,
  originsOf,
  progress,
  log,
  heartbeatMs = HEARTBEAT_MS,
}: HubParts): Hub {
  const readers = new Set<Reader>();
  const catchingUp = new Set<Reader>();
  let running: Promise<Running> | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let replaying: Promise<unknown> = Promise.resolve();
  let modelsAreLate = false;
  let isClosed = false;

  async function start(): Promise<Running> {
    const head = await eventStore.head();
    const ending = new AbortController();
    const own: Running = {
      kept: new KeptMessages(endOf(head), MAX_KEPT),
      place: endOf(head),
      tooOld: -1n,
      ending,
      async stop() {
        ending.abort();
        for (const stop of stops) stop();
        await following.done;
      },
    };
    const following = eventStore.follow({
      name: "stream",
      prefixes: PREFIXES,
      from: head,
      batch: BATCH,
      signal: ending.signal,
      async onEvents(events, position) {
        const told = await keptAs(events.flatMap(messagesOf));
        own.kept.push(told);
        own.place = endOf(position);
        tell(told);
      },
    });
    const toldOf = toldProjections(progress);
    const stops = [
      every({ ms: heartbeatMs, work: () => beat(own.place) }),
      every({
        ms: PROJECTIONS_MS,
        work: () => tellOfProjections(toldOf),
        onError: (error) => log.debug({ err: error }, "projections not told to the stream"),
      }),
    ];
    return own;
  }

  /** Once the read models show them, each as the text that all readers get. */
  async function keptAs(messages: readonly Message[]): Promise<KeptMessage[]> {
    const last = messages.at(-1);
    if (last === undefined) return [];
    const isShown = await shown(last.position, modelsAreLate ? 0 : MAX_MODEL_WAIT_MS, changedViews(messages));
    if (modelsAreLate === isShown)
      log.debug({ position: last.position, isShown }, "read models are late for the stream, or not any more");
    modelsAreLate = !isShown;
    const unknown = messages.filter(({ topic, data }) => topic === "lead" && !("kind" in data));
    const origins = await originsOf([...new Set(unknown.map(({ data }) => String(data.id)))]);
    return messages.map(({ topic, position, data }, n) => {
      let followed = 0;
      while (messages[n + followed + 1]?.position === position) followed += 1;
      const place = placeBefore(position, followed);
      const origin = topic === "lead" ? origins.get(String(data.id)) : undefined;
      const text = `id: ${idAt(place)}\nevent: ${topic}\ndata: ${JSON.stringify({ ...data, ...origin })}\n\n`;
      return { topic, place, text };
    });
  }

  /** Joined and encoded once for all who want the same topics. */
  function tell(messages: readonly KeptMessage[]): void {
    const [first, last] = [messages[0], messages.at(-1)];
    if (first === undefined || last === undefined) return;
    const chunks = new Map<string, Buffer>();
    for (const reader of readers) {
      // Another process may have told a reader more than this one has told yet.
      if (reader.place >= first.place) {
        reader.write(
          textFor(
            reader,
            messages.filter(({ place }) => place > reader.place),
          ),
        );
      } else {
        const chunk = chunks.get(reader.topicsKey) ?? Buffer.from(textFor(reader, messages));
        chunks.set(reader.topicsKey, chunk);
        reader.write(chunk);
      }
      moved(reader, last.place);
    }
  }

  function moved(reader: Reader, place: Place): void {
    if (place > reader.place) reader.place = place;
    if (reader.ended) remove(reader);
  }

  async function tellOfProjections(toldOf: () => Promise<string>): Promise<void> {
    const those = (): Reader[] => [...readers].filter(({ topics }) => topics.has("projection"));
    if (those().length === 0) return;
    const chunk = Buffer.from(await toldOf());
    for (const reader of those()) reader.write(chunk);
  }

  /** Also says how far the log is told, so that a reader of rare topics resumes from there. */
  function beat(place: Place): void {
    for (const reader of readers) {
      moved(reader, place);
      reader.write(`: heartbeat\nid: ${idAt(reader.place)}\n\n`);
    }
    for (const reader of catchingUp) reader.write(": heartbeat\n\n");
  }

  /** Keeps also what was told after `from`, as far as there is room for it. False where that is too much. */
  async function reachBack(own: Running, from: Place): Promise<boolean> {
    const { kept } = own;
    if (from >= kept.floor) return true;
    if (from <= own.tooOld) return false;
    const floor = kept.floor;
    const signal = AbortSignal.any([own.ending.signal, AbortSignal.timeout(MAX_REPLAY_MS)]);
    const [after, to] = [positionAt(from) === 0n ? 0n : positionAt(from) - 1n, positionAt(floor)];
    const found: Message[] = [];
    let reached = after;
    for await (const { events, position } of eventStore.scan({ types: toldTypes, from: after, to, signal })) {
      found.push(...events.flatMap(messagesOf));
      reached = position;
      if (found.length > kept.room) break;
    }
    const older = (await keptAs(found)).filter(({ place }) => place > from && place <= floor);
    if (reached < to || found.length > kept.room || kept.floor !== floor) {
      if (!own.ending.signal.aborted && kept.floor === floor) own.tooOld = from;
      return false;
    }
    kept.addBefore(older, from);
    return true;
  }

  /** One at a time: those that come back together need the same of the log, which is then there. */
  function replayable(own: Running, from: Place): Promise<boolean> {
    const replay = replaying.then(() => reachBack(own, from)).catch(() => false);
    replaying = replay;
    return replay;
  }

  /** Why it can't go on where it was; undefined where it can. */
  async function whyNot(own: Running, reader: Reader): Promise<"too_old" | "beyond_log" | undefined> {
    if (positionAt(reader.place) > positionAt(own.place))
      return positionAt(reader.place) > (await eventStore.head()) ? "beyond_log" : undefined;
    return (await replayable(own, reader.place)) ? undefined : "too_old";
  }

  function reset(own: Running, reader: Reader, reason: "too_old" | "beyond_log"): void {
    reader.place = own.place;
    const data = { reason, position: `${positionAt(own.place)}` };
    reader.write(`id: ${idAt(own.place)}\nevent: reset\ndata: ${JSON.stringify(data)}\n\n`);
  }

  function remove(reader: Reader): void {
    readers.delete(reader);
    catchingUp.delete(reader);
    if (readers.size + catchingUp.size > 0 || running === undefined || isClosed) return;
    clearTimeout(lingering);
    lingering = setTimeout(() => void stop(), LINGER_MS).unref();
  }

  async function stop(): Promise<void> {
    const own = running;
    running = undefined;
    await (await own?.catch(() => undefined))?.stop();
  }

  function run(): Promise<Running> {
    clearTimeout(lingering);
    running ??= start().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  }

  return {
    begin: async () => (await run()).place,

    async add(reader, resumes) {
      catchingUp.add(reader);
      const own = await run();
      const why = resumes ? await whyNot(own, reader) : undefined;
      if (why !== undefined) reset(own, reader, why);
      for (;;) {
        if (reader.ended || isClosed) return remove(reader);
        if (reader.place < own.kept.floor) return reader.cutOff("gap");
        const piece = own.kept.after(reader.place).slice(0, PIECE);
        const last = piece.at(-1);
        if (last === undefined) break;
        reader.write(textFor(reader, piece));
        reader.place = last.place;
        await reader.drained();
      }
      catchingUp.delete(reader);
      readers.add(reader);
    },

    remove,

    async close() {
      isClosed = true;
      clearTimeout(lingering);
      for (const reader of [...readers, ...catchingUp]) reader.cutOff("closing");
      await stop();
    },
  };
}

function textFor({ topics }: Reader, messages: readonly KeptMessage[]): string {
  return messages
    .filter(({ topic }) => topics.has(topic))
    .map(({ text }) => text)
    .join("");
}
