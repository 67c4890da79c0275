// Carries out requests to move dead letters: what each has chosen goes back to its stage, or is discarded, so many a second.
//
// 1. What is left to do stands in the read model: whoever takes over goes on there.
// 2. Each is moved at the very revision of its stream that the model knows. What the model has not seen yet is moved already, and the store
//    says so; nothing is moved twice, whoever dies when.
// 3. Requests take turns, so that a small one does not wait for a large one.
// 4. What can't be moved at all is left; with the end of its request it is free for another.
// 5. What can't be moved now does not keep what died after it from being moved: a request begins again there when it is through.
import { CampaignReply } from "#domain/campaign/request.ts";
import { deadLetterEvents, deadLetterRequest, deadLettersStream } from "#domain/dead-letter/request.ts";
import { SubmissionId } from "#domain/ids.ts";
import { intakeEvents, intakeStream, RefusalId } from "#domain/intake/events.ts";
import { refusalDecider } from "#domain/intake/refusal.ts";
import { submissionDecider } from "#domain/submission/decide.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { ImpossibleHistory } from "#domain/submission/state.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { campaignRequestSubject, REDRIVE_REFUSED_SUBJECT } from "#platform/bus/subjects.ts";
import { changeStream } from "#platform/change.ts";
import { createCodec, UnreadableEvent } from "#platform/event-store/codec.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { UnknownEventType } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";
import { pause, retryUntil } from "#platform/retry.ts";
import { tokenBucket } from "#platform/token-bucket.ts";
import type { DeadLetterRequest, DeadLetterRow, MovingQueries } from "#projections/dead-letters/moving.ts";

export interface MoveDeadLettersParts {
  readonly letters: Pick<MovingQueries, "requests" | "leftOf">;
  readonly eventStore: EventStore;
  readonly bus: Pick<Bus, "request">;
  readonly log: Log;
  /** 200 unless told. */
  readonly perSecond?: number;
}

/** How far a request has come. */
interface Progress {
  /** What it left before this is left. */
  readonly seen: bigint;
  /** The first that could not be moved yet. */
  readonly firstFailed: bigint | undefined;
}

const LOOK_EVERY_MS = 500;
const BACKOFF = { baseMs: 100, maxMs: 3_000 };
const PER_SECOND = 200;
const PAGE = 100;
const MAX_AT_ONCE = 16;
const INTAKE_MS = 15_000;
const BY = "admin";

/** Until the signal is given. Never rejects. */
export async function moveDeadLettersWhile(parts: MoveDeadLettersParts, signal: AbortSignal): Promise<void> {
  const { letters, log, perSecond = PER_SECOND } = parts;
  // No more than a few at once, so that what is redriven comes as a stream and not as a wave.
  const bucket = tokenBucket(perSecond, undefined, MAX_AT_ONCE);
  const progress = new Map<string, Progress>();

  /** Whether there is more to do. */
  async function round(): Promise<boolean> {
    const requests = await letters.requests();
    const open = new Set<string>(requests.map(({ id }) => id));
    for (const id of progress.keys()) if (!open.has(id)) progress.delete(id);
    let more = false;
    for (const request of requests) {
      if (signal.aborted) return false;
      try {
        more = (await turnOf(request)) || more; // 3
      } catch (error) {
        log.warn({ err: error, request: request.id }, "dead letters not moved yet");
      }
    }
    return more;
  }

  async function turnOf(request: DeadLetterRequest): Promise<boolean> {
    const { id, action } = request;
    const { seen, firstFailed } = progress.get(id) ?? { seen: 0n, firstFailed: undefined };
    const page = await letters.leftOf(id, { after: seen, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) {
      if (firstFailed === undefined) await carriedOut(request, parts);
      else progress.set(id, { seen: firstFailed - 1n, firstFailed: undefined }); // 5
      return false;
    }
    const left = [...page];
    const failed: bigint[] = [];
    let failure: unknown;
    const move = (letter: DeadLetterRow): Promise<void> =>
      moveOrLeave(letter, request, parts).catch((error: unknown) => {
        if (isAway(error)) throw error;
        failed.push(letter.position);
        failure = error;
      });
    while (left.length > 0) {
      if (signal.aborted) return false;
      const taken = bucket.take(Math.min(left.length, MAX_AT_ONCE));
      if (taken === 0) await pause(bucket.waitMs(), signal);
      else await Promise.all(left.splice(0, taken).map(move));
    }
    progress.set(id, { seen: last.position, firstFailed: firstFailed ?? failed.sort(byPosition)[0] });
    const count = page.length - failed.length;
    if (count > 0) log.info({ request: id, action, count }, "dead letters moved");
    if (failed.length > 0)
      log.warn({ err: failure, request: id, count: failed.length }, "dead letters not moved yet");
    return true;
  }

  while (!signal.aborted) {
    const more = await retryUntil(round, {
      backoff: BACKOFF,
      signal,
      onFailure: (error) => log.warn({ err: error }, "requests to move dead letters not read yet"),
    });
    if (!more) await pause(LOOK_EVERY_MS, signal);
  }
}

const byPosition = (a: bigint, b: bigint): number => Number(a - b);

/** None of the others could be moved either. */
const isAway = (error: unknown): boolean =>
  error instanceof EventStoreUnavailable || (error instanceof BusError && error.reason === "disconnected");

const requests = createCodec(deadLetterEvents);
const submissions = createCodec(submissionEvents);
const refusals = createCodec(intakeEvents);

async function carriedOut({ id, asked_by }: DeadLetterRequest, parts: MoveDeadLettersParts): Promise<void> {
  const { initial, evolve, decide } = deadLetterRequest;
  await changeStream({
    eventStore: parts.eventStore,
    stream: deadLettersStream(id),
    codec: requests,
    initial,
    evolve,
    // Refused where it is said already, and the model has not read it yet.
    decide: (state) => decide({ type: "carry_out", id }, state),
    by: asked_by ?? BY,
  });
}

/** 4. Throws where another try may help. */
async function moveOrLeave(
  letter: DeadLetterRow,
  request: DeadLetterRequest,
  parts: MoveDeadLettersParts,
): Promise<void> {
  try {
    await moverOf(letter)(letter, request, parts);
  } catch (error) {
    const isBeyondUs =
      error instanceof UnknownEventType ||
      error instanceof UnreadableEvent ||
      error instanceof ImpossibleHistory;
    if (!isBeyondUs) throw error;
    parts.log.error({ err: error, dead_letter: letter.id }, "dead letter can't be moved, it is left");
  }
}

function moverOf({ stage }: DeadLetterRow): typeof moveSubmission {
  if (stage === "intake") return moveMessage;
  return stage === "campaign" ? moveMember : moveSubmission;
}

/** Its owner alone may; what it calls no dead letter any more somebody else has moved. */
async function moveMember(
  { id, campaign }: DeadLetterRow,
  { action, reason, asked_by }: DeadLetterRequest,
  { bus }: MoveDeadLettersParts,
): Promise<void> {
  const about = { member_id: id, by: asked_by ?? BY };
  const order =
    action === "redrive" ? { type: action, ...about } : { type: action, ...about, reason: reason ?? action };
  const subject = campaignRequestSubject(campaign ?? "");
  const reply = await bus.request(subject, Buffer.from(JSON.stringify(order)), INTAKE_MS);
  const answer = CampaignReply.parse(JSON.parse(Buffer.from(reply).toString("utf8")));
  if ("refused" in answer && answer.refused === "unavailable")
    throw new Error(`the owner of campaign ${campaign} can't say now`);
}

const MOVED_ALREADY = { accepted: false, reason: "moved_already" } as const;

async function moveSubmission(
  { id, revision }: DeadLetterRow,
  { action, reason, asked_by }: DeadLetterRequest,
  { eventStore }: MoveDeadLettersParts,
): Promise<void> {
  const { initial, evolve, decide } = submissionDecider;
  const command =
    action === "redrive"
      ? ({ type: action } as const)
      : ({ type: action, reason: reason ?? action } as const);
  await changeStream({
    eventStore,
    stream: submissionStream(SubmissionId.parse(id)),
    codec: submissions,
    initial,
    evolve,
    decide: (state, newest) => (newest === revision ? decide(command, state) : MOVED_ALREADY), // 2
    by: asked_by ?? BY,
  });
}

async function moveMessage(
  letter: DeadLetterRow,
  { action, reason, asked_by }: DeadLetterRequest,
  { eventStore, bus }: MoveDeadLettersParts,
): Promise<void> {
  const [id, by] = [RefusalId.parse(letter.id), asked_by ?? BY];
  const { revision } = letter;
  if (action === "redrive") {
    // Only a gateway takes anything in.
    const order = Buffer.from(JSON.stringify({ id, revision: `${revision}`, by }));
    const reply = await bus.request(REDRIVE_REFUSED_SUBJECT, order, INTAKE_MS);
    const { outcome } = JSON.parse(Buffer.from(reply).toString("utf8")) as { readonly outcome: string };
    if (outcome === "later") throw new Error(`intake has no room for ${id} just now`);
    return;
  }
  const { initial, evolve, decide } = refusalDecider;
  await changeStream({
    eventStore,
    stream: intakeStream(id),
    codec: refusals,
    initial,
    evolve,
    decide: (state, newest) =>
      newest === revision ? decide({ type: "discard", id, reason: reason ?? action }, state) : MOVED_ALREADY,
    by,
  });
}
