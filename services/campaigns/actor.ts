// The one owner of a campaign: begins members as there is room, wakes those whose wait is over, and takes note of what came of each.
//
// 1. Only the owner decides: the lease is asked before each append, and the expected revision fences out whoever has lost it.
// 2. Who is worked on has a slot until it is stored what came of it: no more than `concurrency`, whatever crashes.
// 3. A send begins with a token of the campaign's rate, outside of its quiet hours; who comes to it earlier is stored as ready.
// 4. What has to be done follows from what is stored: a send is mailed by the relay, all else is begun when the append is confirmed,
//    and again when the stream was read.
// 5. Mail is acknowledged once it is stored what it means; what it says about is known by the send's id, so that it counts once.
// 6. While the campaign is paused nobody begins or is woken; what was begun may end.
import type { AnalysisServices } from "#domain/analysis/service.ts";
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import type { CampaignCommand } from "#domain/campaign/decide.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import type { Pace } from "#domain/campaign/request.ts";
import { activeIn, type CampaignState } from "#domain/campaign/state.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import type { ConfiguredPartners } from "#domain/partner/configured.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { Mailbox } from "#platform/bus/mailbox.ts";
import { campaignMailbox, campaignSubject } from "#platform/bus/subjects.ts";
import type { Lease } from "#platform/leases.ts";
import { confirmMail, type MailSignature } from "#platform/mail-signature.ts";
import { pause } from "#platform/retry.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Yard } from "#platform/yard.ts";
import type { Analysis } from "./analysis.ts";
import { openFields } from "./fields.ts";
import { showCampaign } from "./figures.ts";
import { closedAt, isHeldByHours } from "./held-by-hours.ts";
import { beginningOf, isBranching, nextMove, type Over } from "./next-move.ts";
import { noteOutcomes } from "./note-outcomes.ts";
import { countPerSecond, hasWork, paceOf, rateOf } from "./pace.ts";
import { createPump } from "./pump.ts";
import type { SnapshotsOfCampaign } from "./snapshots.ts";
import { type WorkParts, workOn } from "./work.ts";
import { type CampaignWriter, type Decided, mayBeRepeated, openCampaignWriter } from "./writer.ts";

export interface CampaignActor {
  readonly writer: CampaignWriter;
  /** To be called after each change of what people decide about the campaign. */
  refresh(): void;
  /** What follows from what was stored for somebody else. */
  review(): void;
  pace(): Promise<Pace | undefined>;
  close(): Promise<void>;
}

export interface CampaignActorOptions {
  readonly campaign: CampaignId;
  readonly configured: () => ConfiguredCampaign;
  readonly services: () => AnalysisServices;
  readonly partners: () => ConfiguredPartners;
  readonly lease: Lease;
  readonly yard: Yard;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly signature: MailSignature;
  readonly analysis: Analysis;
  readonly snapshots: SnapshotsOfCampaign;
  readonly onLoaded?: () => void;
}

const MAX_BATCH = 256;
const MAX_UNACKNOWLEDGED = 20_000;
const ACK_WAIT_MS = 10_000;
const AFTER_FAILURE_MS = 100;
const LOOK_AGAIN_MS = 500;

export async function startCampaignActor(options: CampaignActorOptions): Promise<CampaignActor> {
  const {
    campaign,
    configured,
    services,
    partners,
    lease,
    yard,
    bus,
    vault,
    signature,
    analysis,
    snapshots,
  } = options;
  const eventStore = yard.eventStore();
  const log = yard.log.child({ campaign });
  const closing = new AbortController();
  const signal = AbortSignal.any([closing.signal, lease.lost]);
  const rate = rateOf(configured);
  const pace = countPerSecond();
  const fields = openFields(campaign, { eventStore, vault });
  /** By member: how many moves it had when its work was begun here. */
  const atWork = new Map<MemberId, number>();
  /** When each send that is under way was begun, as far as this process knows. */
  const sentAt = new Map<MemberId, number>();
  let unconfirmed = 0;

  const writer = openCampaignWriter({
    campaign,
    mayWrite: () => lease.valid, // 1
    eventStore,
    snapshots,
    onReply: fields.replied,
    onLoaded(state) {
      fields.forgetReplies();
      sentAt.clear();
      for (const [id, { work }] of workingIn(state)) {
        if (work?.type === "send") sentAt.set(id, Date.now());
        else startWork(id); // 4
      }
      pump.review();
      options.onLoaded?.();
    },
    log,
  });
  const figures = showCampaign({
    campaign,
    hasWork() {
      const { state } = writer;
      const now = Date.now();
      if (state === undefined || !hasWork(configured(), state, now)) return false;
      return !isHeldByHours(configured(), state, closedAt(partners(), now), now);
    },
    metrics: yard.metrics,
    log,
  });
  const pump = createPump({
    campaign,
    configured,
    vault,
    fields,
    rate,
    writer,
    write,
    writeUntilStored,
    mayWrite: () => lease.valid,
    unconfirmed: () => unconfirmed,
    signal,
    log,
  }); // 2, 3
  const workParts: WorkParts = { campaign, configured, services, analysis, fields, bus, signal, log };

  function* workingIn({ members }: CampaignState): Generator<[MemberId, Member]> {
    for (const id of members.working) {
      const member = members.get(id);
      if (member !== undefined) yield [id, member];
    }
  }

  async function write(command: CampaignCommand): Promise<Decided> {
    unconfirmed += 1;
    try {
      const { decision } = await writer.write({ command });
      if (decision.accepted && (command.type === "move" || command.type === "fail")) figures.countMove();
      if (decision.accepted && command.type === "move") follow(command.member_id, command.moves + 1);
      return decision;
    } finally {
      unconfirmed -= 1;
      pump.review();
    }
  }

  /** 4 */
  function follow(id: MemberId, moves: number): void {
    pace.count(1);
    const member = writer.state?.members.get(id);
    if (member?.moves !== moves || member.status !== "working") return void sentAt.delete(id);
    if (member.work?.type === "send") sentAt.set(id, Date.now());
    else startWork(id);
  }

  function startWork(id: MemberId): void {
    // Not before the state is what the stream says: it may be told of while that is being read.
    setImmediate(() => {
      const member = writer.state?.members.get(id);
      if (member?.status !== "working" || member.work?.type === "send" || signal.aborted) return;
      if (atWork.get(id) === member.moves) return;
      atWork.set(id, member.moves);
      void work(id, member).finally(() => atWork.delete(id));
    });
  }

  async function work(id: MemberId, member: Member): Promise<void> {
    const worked = await workOn(id, member, workParts);
    if (worked === "interrupted") return;
    const { moves } = member;
    if ("failed" in worked) {
      const { failed: reason, attempts, dead } = worked;
      await writeUntilStored({ type: "fail", campaign, member_id: id, moves, reason, attempts, dead });
    } else await goOnUntilStored(id, moves, worked.over);
  }

  /** Until it is stored, or somebody else has the campaign. */
  async function writeUntilStored(command: CampaignCommand): Promise<void> {
    while (!signal.aborted) {
      const decision = await write(command).catch((error: unknown) => {
        log.error({ err: error }, "what came of a step can't be stored");
        return undefined;
      });
      if (decision === undefined || decision.accepted || !mayBeRepeated(decision.reason)) return;
      await pause(AFTER_FAILURE_MS, signal);
    }
  }

  async function goOnUntilStored(id: MemberId, moves: number, over: Over): Promise<void> {
    while (!signal.aborted) {
      try {
        const decision = await goOn(id, moves, over);
        if (decision === undefined || decision.accepted || !mayBeRepeated(decision.reason)) return;
      } catch (error) {
        log.warn({ err: error, member_id: id }, "member does not go on yet");
      }
      await pause(AFTER_FAILURE_MS, signal);
    }
  }

  /** A member at work whose step is over. What comes next begins with a slot and a token of its own. */
  async function goOn(id: MemberId, moves: number, over: Over): Promise<Decided | undefined> {
    const member = writer.state?.members.get(id);
    if (member?.status !== "working" || member.moves !== moves) return undefined;
    const beginning = beginningOf(configured(), member, over);
    const opened = isBranching(beginning) ? (await fields.open([[id, member]]))[0] : undefined;
    const about = { id, member, beginning, opened, mayBegin: () => false };
    const { concurrency } = configured().definition;
    const command = await nextMove({ ...about, concurrency, at: Date.now() }, { campaign, vault });
    return command && write(command);
  }

  /** What people decided, as far as it concerns members that are there. */
  async function obey(): Promise<void> {
    const { standing, migrations } = configured();
    if (standing === "draft" && writer.state === undefined) return;
    if (!(await writer.open())) return;
    for (const { version, steps } of migrations) {
      const { state } = writer;
      if (state !== undefined && state.migrated < version)
        await writeUntilStored({ type: "migrate", campaign, version, steps });
    }
    const { state } = writer;
    if (standing === "cancelled" && state !== undefined && activeIn(state) > state.members.sends)
      await writeUntilStored({ type: "cancel_all", campaign });
    if (standing !== "draft") await openMailbox();
    pump.review();
  }

  function refresh(): void {
    void obey().catch((error: unknown) => {
      log.warn({ err: error }, "campaign does not go by its configuration yet");
      if (!signal.aborted) setTimeout(refresh, LOOK_AGAIN_MS);
    });
  }

  let mailbox: Promise<Mailbox> | undefined;
  async function openMailbox(): Promise<void> {
    if (signal.aborted) return;
    mailbox ??= bus.mailbox({
      name: campaignMailbox(campaign),
      filter: campaignSubject(campaign, ">"),
      onBatch: noteOutcomes({
        campaign,
        configured,
        writer,
        confirm: (mails) => confirmMail(mails, { signature, eventStore, log }),
        goOn,
        write,
        onOver: (id) => void sentAt.delete(id),
        log,
      }),
      maxBatch: MAX_BATCH,
      maxAckPending: MAX_UNACKNOWLEDGED,
      ackWaitMs: ACK_WAIT_MS,
    });
    await mailbox.catch((error: unknown) => {
      mailbox = undefined;
      throw error;
    });
  }

  refresh();
  return {
    writer,
    refresh,
    review: pump.review,
    async pace() {
      if (!(await writer.open()) || writer.state === undefined) return undefined;
      const [oldest] = sentAt.values();
      const now = Date.now();
      const perSecond = pace.perSecond();
      const oldestSendMs = oldest === undefined ? 0 : now - oldest;
      return paceOf(configured(), writer.state, { now, bucket: rate(), perSecond, oldestSendMs });
    },
    async close() {
      closing.abort();
      pump.close();
      figures.close();
      await mailbox?.then((one) => one.close()).catch(() => undefined);
      await writer.close();
      await snapshots.written();
    },
  };
}
