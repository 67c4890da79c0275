// Begins members as there is room, and wakes those whose wait is over. After each look a timer waits for whoever is next.
// The numbers are those of the actor's invariants.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import type { CampaignCommand } from "#domain/campaign/decide.ts";
import type { Step } from "#domain/campaign/definition.ts";
import { sendableFrom } from "#domain/campaign/quiet.ts";
import type { CampaignId } from "#domain/ids.ts";
import type { Log } from "#platform/log.ts";
import { pause } from "#platform/retry.ts";
import type { TokenBucket } from "#platform/token-bucket.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { type Candidate, choose } from "./candidates.ts";
import type { FieldsOf, Opened } from "./fields.ts";
import { type Beginning, beginningOf, isPlain, nextMove } from "./next-move.ts";
import type { CampaignWriter, Decided } from "./writer.ts";

export interface Pump {
  /** Looks who can go on; what changes in one turn is looked at together. */
  review(): void;
  close(): void;
}

export interface PumpParts {
  readonly campaign: CampaignId;
  readonly configured: () => ConfiguredCampaign;
  readonly vault: Vault;
  readonly fields: FieldsOf;
  readonly rate: () => TokenBucket;
  readonly writer: Pick<CampaignWriter, "state">;
  readonly write: (command: CampaignCommand) => Promise<Decided>;
  /** Until it is stored, or somebody else has the campaign. */
  readonly writeUntilStored: (command: CampaignCommand) => Promise<void>;
  /** False as soon as the lease is over, which may be before the actor is closed. */
  readonly mayWrite: () => boolean;
  /** How many appends are not confirmed yet. */
  readonly unconfirmed: () => number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Appends that are not confirmed yet do not hold up the next ones, up to here. */
const MAX_UNCONFIRMED = 1_000;
const AFTER_FAILURE_MS = 100;
/** Timers can't be longer than 24 days, and clocks may be set. */
const MAX_TIMER_MS = 60_000;

export function createPump(parts: PumpParts): Pump {
  const { campaign, configured, vault, fields, rate, writer, write, writeUntilStored } = parts;
  const { mayWrite, unconfirmed, signal, log } = parts;
  let timer: NodeJS.Timeout | undefined;

  const isRunning = (): boolean => configured().standing === "running" && !signal.aborted && mayWrite();
  const maySend = (): boolean => sendableFrom(configured().definition.quiet, Date.now()) <= Date.now();

  /** Only of those about whom something has to be known. */
  async function openFieldsOf(
    candidates: readonly Candidate[],
    beginnings: readonly Beginning[],
  ): Promise<(Opened | undefined)[]> {
    const wanted = candidates.filter((_, n) => !isPlain(beginnings[n] as Beginning));
    const opened = (await fields.open(wanted.map(({ id, member }) => [id, member]))).values();
    return beginnings.map((beginning) => (isPlain(beginning) ? undefined : opened.next().value));
  }

  async function begin(candidates: readonly Candidate[]): Promise<void> {
    const beginnings = candidates.map(({ member, over }) => beginningOf(configured(), member, over));
    const opened = await openFieldsOf(candidates, beginnings);
    const bucket = rate();
    let tokens = maySend() ? bucket.take(candidates.length) : 0;
    // One takes its token only where it comes to a send.
    const mayBegin = ({ type }: Step): boolean => isRunning() && (type !== "send" || tokens-- > 0);
    const planned = await Promise.all(
      candidates.map(({ id, member }, n) =>
        nextMove(
          {
            id,
            member,
            beginning: beginnings[n] as Beginning,
            opened: opened[n],
            mayBegin,
            concurrency: configured().definition.concurrency,
            at: Date.now(),
          },
          { campaign, vault },
        ),
      ),
    );
    if (tokens > 0) bucket.giveBack(tokens);
    // Whose wait was over and whose move is not stored is looked at again: the queue does not know it any more.
    for (const [n, command] of planned.entries()) {
      const candidate = candidates[n] as Candidate;
      if (command === undefined) continue;
      void write(command).then(
        (decision) => {
          if (!decision.accepted) dueAgain(candidate);
        },
        (error: unknown) => {
          log.error({ err: error, member_id: candidate.id }, "member can't go on");
          void writeUntilStored({
            type: "fail",
            campaign,
            member_id: candidate.id,
            moves: candidate.member.moves,
            reason: "step_can_not_be_stored",
            attempts: 0,
            dead: true,
          });
        },
      );
    }
  }

  function dueAgain({ id, member, over }: Candidate): void {
    const members = writer.state?.members;
    if (over !== undefined && members?.get(id)?.moves === member.moves)
      members.wakeAt(id, Date.now() + AFTER_FAILURE_MS);
  }

  let pumping = false;
  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    try {
      while (isRunning() && unconfirmed() < MAX_UNCONFIRMED) {
        const { state } = writer;
        if (state === undefined) break;
        const chosen = choose(state, configured().definition, {
          canSend: maySend() && rate().waitMs() === 0,
          now: Date.now(),
        }); // 2, 3
        if (chosen.length === 0) break;
        try {
          await begin(chosen);
        } catch (error) {
          log.warn({ err: error }, "members not begun yet");
          for (const one of chosen) dueAgain(one);
          await pause(AFTER_FAILURE_MS, signal);
        }
      }
    } finally {
      pumping = false;
      lookLater();
    }
  }

  function lookLater(): void {
    clearTimeout(timer);
    const { state } = writer;
    if (!isRunning() || state === undefined) return;
    const now = Date.now();
    const { members } = state;
    const isFull = members.working.size >= configured().definition.concurrency;
    if (isFull || unconfirmed() >= MAX_UNCONFIRMED) return;
    const dueMs = members.nextDueAt - now;
    const hasSends = members.toSend.size + members.fresh.size > 0;
    const opensMs = sendableFrom(configured().definition.quiet, now) - now;
    const sendMs = hasSends ? Math.max(opensMs, rate().waitMs()) : Number.POSITIVE_INFINITY;
    const ms = Math.min(MAX_TIMER_MS, Math.max(1, Math.min(dueMs, sendMs)));
    timer = setTimeout(review, ms);
  }

  let isReviewed = false;
  function review(): void {
    if (isReviewed || signal.aborted) return;
    isReviewed = true;
    setImmediate(() => {
      isReviewed = false;
      void pump();
    });
  }

  return { review, close: () => clearTimeout(timer) };
}
