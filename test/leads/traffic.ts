// Submissions, one after the other and in bursts, and what became of every one of them as the log tells it.
import * as assert from "uvu/assert";
import type { SubmissionId } from "#domain/ids.ts";
import { SUBMISSION_STREAM_PREFIX, submissionStream } from "#domain/submission/events.ts";
import type { Normalised } from "#domain/submission/submission.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { until } from "../harness/wait.ts";
import { dataIn, routeIn, type TestYard } from "./yard.ts";

export interface Traffic {
  /** So many at once; resolves when all are accepted. */
  burst(count: number): Promise<void>;
  /** How many are routed so far. */
  routed(): number;
  /** Sends no more, and waits until all are routed; the one that waited longest is the last. */
  end(): Promise<readonly Course[]>;
}

/** What became of one. */
export interface Course {
  /** Its first digits say which partition it is in. */
  readonly id: SubmissionId;
  readonly person: string;
  /** How identity knew the person. */
  readonly match: string;
  /** Where it was routed. */
  readonly partner: string;
  readonly receivedAt: number;
  /** From when it was received until it was routed. */
  readonly waitedMs: number;
}

export interface TrafficOptions {
  /** Each is somebody else unless told. */
  readonly about?: (n: number) => Normalised;
  /** One in so many milliseconds, beside the bursts. */
  readonly everyMs?: number;
}

const somebodyElse = (n: number): Normalised => ({ email: `p${n}@example.com`, phone: `+1555${n}` });
const isRouted = (history: readonly StoredEvent[] | undefined): boolean =>
  history?.some(({ type }) => type === "SubmissionRouted") ?? false;

export function startTraffic(
  yard: TestYard,
  { about = somebodyElse, everyMs }: TrafficOptions = {},
): Traffic {
  const sent: Promise<SubmissionId>[] = [];
  const histories = new Map<string, StoredEvent[]>();
  const watching = new AbortController();

  function send(): Promise<SubmissionId> {
    const accepted = yard.receive(about(sent.length));
    sent.push(accepted);
    return accepted;
  }
  const steady = everyMs === undefined ? undefined : setInterval(send, everyMs);
  yard.own.eventStore().follow({
    name: "traffic",
    prefixes: [SUBMISSION_STREAM_PREFIX],
    from: "start",
    signal: watching.signal,
    async onEvents(events) {
      for (const event of events) {
        histories.set(event.stream, [...(histories.get(event.stream) ?? []), event]);
      }
    },
  });

  return {
    async burst(count) {
      await Promise.all(Array.from({ length: count }, send));
    },
    routed: () => [...histories.values()].filter(isRouted).length,
    async end() {
      clearInterval(steady);
      const ids = await Promise.all(sent);
      await until("all are routed", () => ids.every((id) => isRouted(histories.get(submissionStream(id)))));
      watching.abort();
      const courses = ids.map((id) => courseOf(id, histories.get(submissionStream(id)) ?? []));
      return courses.sort((a, b) => a.waitedMs - b.waitedMs);
    },
  };
}

function courseOf(id: SubmissionId, history: readonly StoredEvent[]): Course {
  const types = history.map(({ type }) => type);
  assert.equal(types, ["SubmissionReceived", "PersonIdentified", "SubmissionRouted"], "routed once");
  const receivedAt = history[0]?.created.getTime() ?? 0;
  const { person_id, match } = dataIn(history, "PersonIdentified");
  return {
    id,
    person: `${person_id}`,
    match: `${match}`,
    partner: routeIn(history).partner,
    receivedAt,
    waitedMs: (history.at(-1)?.created.getTime() ?? 0) - receivedAt,
  };
}
