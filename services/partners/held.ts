// What is held goes on by itself: mailed again when the partner has room, the oldest first.
//
// 1. A held delivery is in no mailbox; the partner's stream alone knows of it, and the submission's what is to be mailed.
// 2. No more are mailed than there is room for by caps and schedule, and so many at most at once: those that are mailed and not begun
//    count.
// 3. A mail that is in the mailbox no more, and of which nothing came, is mailed again after a while.
import { campaignStream } from "#domain/campaign/events.ts";
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import { closedBy, roomNow } from "#domain/partner/capacity.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import {
  type ConfiguredPartner,
  type ConfiguredPartners,
  takesSubmissions,
} from "#domain/partner/configured.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import { isRouteOf, submissionStream } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox, partnerSubject } from "#platform/bus/subjects.ts";
import { type MailAgain, type MailAgainParts, mailAgain } from "#platform/event-store/mail-again.ts";
import type { Log } from "#platform/log.ts";
import type { PartnerWriter } from "./partner-writer.ts";

export interface Held {
  /** After whatever may have made room. */
  review(): void;
  /** A partner that its waterfall goes on to was enabled while it was being decided about. */
  reconsider(id: DeliveryId): void;
  /** Its mail came, and there was no room. */
  remains(id: DeliveryId): void;
  close(): void;
}

export interface HeldParts extends MailAgainParts {
  readonly partner: PartnerId;
  readonly configured: () => ConfiguredPartner;
  /** Another map with each change. */
  readonly partners: () => ConfiguredPartners;
  readonly writer: Pick<PartnerWriter, "state" | "write">;
  /** The partner must not be called now, for other reasons than caps and schedule. */
  readonly isResting: () => boolean;
  readonly mayMail: () => boolean;
  readonly bus: MailAgainParts["bus"] & Pick<Bus, "consumerState">;
  readonly log: Log;
}

/** What changes in between is looked at together. */
const GATHER_MS = 10;
/** Clocks may be set, and a timer can't be longer than some weeks. */
const MAX_WAIT_MS = 60_000;
const AFTER_FAILURE_MS = 1_000;
/** 2 */
const MAX_MAILED = 512;
/** 3 */
const LOST_AFTER_MS = 60_000;
const NOT_MAILED_YET = Number.POSITIVE_INFINITY;

interface Mailed {
  readonly at: number;
  /** Where in the stream it is. */
  readonly seq: number;
}

export function createHeld(parts: HeldParts): Held {
  const { partner, configured, partners, writer, isResting, mayMail, bus, log } = parts;
  const mailed = new Map<DeliveryId, Mailed>();
  let considered = configured().config;
  /** None yet: what changed before it was owned here is told by nobody. */
  let consideredPartners: ConfiguredPartners = new Map();
  /** Held while nothing could go on in its waterfall, where it may now: docs/decisions/0182. */
  const toReconsider = new Set<DeliveryId>();
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let mailing = false;
  let isClosed = false;

  function lookWithin(ms: number): void {
    const due = performance.now() + Math.min(ms, MAX_WAIT_MS);
    if (isClosed || dueAt <= due) return;
    clearTimeout(timer);
    dueAt = due;
    timer = setTimeout(look, Math.max(0, due - performance.now()));
  }

  /** Those to be mailed now. */
  function choose(state: PartnerState, room: number): DeliveryId[] {
    for (const id of mailed.keys()) if (!state.held.has(id)) mailed.delete(id);
    const most = Math.min(room, MAX_MAILED) - mailed.size;
    const chosen: DeliveryId[] = [];
    for (const id of state.held) {
      if (chosen.length >= most) break;
      if (!mailed.has(id)) chosen.push(id);
    }
    if (room > 0) return chosen;
    for (const id of toReconsider) {
      if (mailed.size + chosen.length >= MAX_MAILED) break;
      // One that is mailed now may have been looked at before: it stays for its next turn.
      if (mailed.has(id)) continue;
      toReconsider.delete(id);
      if (state.held.has(id)) chosen.push(id);
    }
    return chosen;
  }

  function reconsider(state: PartnerState, config: PartnerSettings): void {
    const now = partners();
    if (config === considered && now === consideredPartners) return;
    if (mayGoOn(config) && (!mayGoOn(considered) || isAnotherOpen(consideredPartners, now)))
      // What a campaign sends has no waterfall.
      for (const id of state.held) if (state.open.get(id)?.sent_for === undefined) toReconsider.add(id);
    considered = config;
    consideredPartners = now;
  }

  /** Also one that was disabled and enabled again in between. */
  function isAnotherOpen(before: ConfiguredPartners, now: ConfiguredPartners): boolean {
    return [...now].some(
      ([id, one]) => id !== partner && takesSubmissions(one) && before.get(id)?.config !== one.config,
    );
  }

  function look(): void {
    dueAt = Number.POSITIVE_INFINITY;
    const { state } = writer;
    const { standing, config } = configured();
    if (state === undefined || mailing || isClosed) return;
    reconsider(state, config);
    if (state.held.size === 0 || standing === "removed" || isResting() || !mayMail()) return;
    const now = Date.now();
    const [oldest] = mailed.values();
    if (oldest !== undefined && oldest.at < now - LOST_AFTER_MS) return void forgetLost(now);
    const chosen = choose(state, roomNow(config, state.use, now));
    if (chosen.length > 0) return void mail(chosen, state, now);
    const until = closedBy(config, state.use, now)?.until;
    lookWithin(until === undefined ? MAX_WAIT_MS : until - now);
  }

  /** 3 */
  async function forgetLost(now: number): Promise<void> {
    mailing = true;
    try {
      const queue = await bus.consumerState(partnerMailbox(partner));
      const isEmpty = queue === undefined || queue.pending + queue.ackPending === 0;
      for (const [id, { at, seq }] of mailed) {
        if (at >= now - LOST_AFTER_MS) break;
        mailed.delete(id);
        // To the end, so that those mailed first are looked at first.
        if (!isEmpty && seq > queue.ackFloorSeq) mailed.set(id, { at: now, seq });
      }
      lookWithin(GATHER_MS);
    } catch (error) {
      log.warn({ err: error }, "mailed deliveries not looked for yet");
      lookWithin(AFTER_FAILURE_MS);
    } finally {
      mailing = false;
    }
  }

  async function mail(ids: readonly DeliveryId[], state: PartnerState, now: number): Promise<void> {
    mailing = true;
    const about = ids.flatMap((delivery_id) => {
      const open = state.open.get(delivery_id);
      if (open === undefined) return [];
      return [{ partner, delivery_id, submission_id: open.submission_id, sent_for: open.sent_for }];
    });
    const mails = about.map(
      ({ delivery_id, submission_id, sent_for }): MailAgain => ({
        ...(sent_for === undefined
          ? { stream: submissionStream(submission_id), subject: partnerSubject(partner, "SubmissionRouted") }
          : {
              stream: campaignStream(sent_for.campaign),
              revision: BigInt(sent_for.revision),
              subject: partnerSubject(partner, "MemberSendRequested"),
            }),
        id: `held:${now}`,
        isWanted: (event) => isRouteOf(event, delivery_id),
      }),
    );
    // Before any is mailed: the first may be back, and remain held, while the last is not mailed yet.
    for (const { delivery_id } of about) mailed.set(delivery_id, { at: now, seq: NOT_MAILED_YET });
    try {
      const seqs = await mailAgain(mails, parts);
      for (const [n, one] of about.entries()) {
        const seq = seqs[n];
        if (seq !== undefined) {
          if (mailed.has(one.delivery_id)) mailed.set(one.delivery_id, { at: now, seq });
          continue;
        }
        mailed.delete(one.delivery_id);
        log.error({ lead_id: one.submission_id }, "held delivery has no event to be mailed");
        const reason = "route_not_found";
        await writer.write({ command: { type: "give_up", ...one, cause: "poison", reason } });
      }
      lookWithin(GATHER_MS);
    } catch (error) {
      for (const { delivery_id } of about)
        if (mailed.get(delivery_id)?.seq === NOT_MAILED_YET) mailed.delete(delivery_id);
      log.warn({ err: error }, "held deliveries not mailed yet");
      lookWithin(AFTER_FAILURE_MS);
    } finally {
      mailing = false;
    }
  }

  return {
    review() {
      if (!mailing && (writer.state?.held.size ?? 0) > 0) lookWithin(GATHER_MS);
      else if (configured().config !== considered) lookWithin(GATHER_MS);
    },
    reconsider(id) {
      toReconsider.add(id);
      lookWithin(GATHER_MS);
    },
    remains(id) {
      mailed.delete(id);
      if (toReconsider.size > 0) lookWithin(GATHER_MS);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

const mayGoOn = ({ caps, schedule }: PartnerSettings): boolean =>
  caps?.otherwise !== "hold" && schedule?.otherwise !== "hold";
