// Mails each delivery whose time has come into its partner's mailbox, once: the actor ignores what it has already done, and what is lost
// on the way is the reconciler's.
import { campaignStream } from "#domain/campaign/events.ts";
import { isRouteOf, submissionStream } from "#domain/submission/events.ts";
import { partnerSubject } from "#platform/bus/subjects.ts";
import { type MailAgain, type MailAgainParts, mailAgain } from "#platform/event-store/mail-again.ts";
import type { Log } from "#platform/log.ts";
import { pause, retryUntil } from "#platform/retry.ts";
import type { SeenTimers, Timer, TimerQueries } from "#projections/timers/query.ts";

export interface MailDueParts extends MailAgainParts {
  readonly timers: TimerQueries;
  readonly log: Log;
}

const PAGE = 500;
/** A timer is set for more than a minute, so this is soon enough to hear of new ones. */
const LOOK_EVERY_MS = 5_000;
const BACKOFF = { baseMs: 100, maxMs: 3_000 };

/** Until the signal is given. Never rejects. */
export async function mailDueWhile(parts: MailDueParts, signal: AbortSignal): Promise<void> {
  const { timers, log } = parts;
  let seen: SeenTimers = { due: 0, position: 0n };

  /** Everything that is due by now; tells when the next one will be. */
  async function round(): Promise<number | undefined> {
    const now = Date.now();
    // Before the rows, so that what comes in between is not taken for seen.
    const position = await timers.position();
    let mailed = 0;
    let after: Timer | undefined;
    while (!signal.aborted) {
      const page: Timer[] = await timers.due({ now, seen, after, limit: PAGE });
      await mailAgain(page.map(asMail), parts);
      mailed += page.length;
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    if (signal.aborted) return undefined;
    if (mailed > 0) log.info({ deliveries: mailed }, "due deliveries mailed");
    seen = { due: now, position };
    return timers.nextDue(now);
  }

  while (!signal.aborted) {
    const next = await retryUntil(async () => ({ due: await round() }), {
      backoff: BACKOFF,
      signal,
      onFailure: (error) => log.warn({ err: error }, "due deliveries not mailed yet"),
    });
    const untilNext = (next?.due ?? Number.POSITIVE_INFINITY) - Date.now();
    await pause(Math.max(0, Math.min(untilNext, LOOK_EVERY_MS)), signal);
  }
}

const asMail = ({ submission_id, campaign, revision, delivery_id, partner, due_at }: Timer): MailAgain => ({
  ...(campaign === null || revision === null
    ? { stream: submissionStream(submission_id), subject: partnerSubject(partner, "SubmissionRouted") }
    : {
        stream: campaignStream(campaign),
        revision,
        subject: partnerSubject(partner, "MemberSendRequested"),
      }),
  id: `due:${due_at.getTime()}`,
  isWanted: (event) => isRouteOf(event, delivery_id),
});
