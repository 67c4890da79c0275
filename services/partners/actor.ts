// The one owner of a partner: takes its mail when the partner may be called, and no more of it than can be under way.
//
// 1. Only the owner works: the lease is asked before deliveries begin, before each append and before the first byte leaves, which is
//    after every wait. A call under way ends when the lease is lost.
// 2. DeliveryStarted is stored before the partner is called, the outcome before the mail is acknowledged (deliver.ts).
// 3. Each mail is begun, postponed or handed back; while it is in hand its wait is renewed, so that nobody else gets it meanwhile.
// 4. No more calls at once than `limits.concurrency`, however many deliveries have begun (slots.ts).
// 5. While the circuit is not closed, one delivery alone begins. How many begin at all: domain/partner/admission.ts.
// 6. For a long rest mails are handed back and the mailbox is paused, for a short one they stay in hand (docs/decisions/0061).
// 7. What can't be called now is put aside before it costs a token, a place or a look-up, until that can have changed (foresee.ts,
//    postponed.ts).
// 8. What the partner takes nothing of by its caps or schedule is decided about at once, whatever else it waits for (held.ts).
// 9. Of a removed partner nothing is called; its mail is ended, and then its mailbox and its lease go (drain.ts).
// 10. Closing takes bounded time: calls may use the larger part of it, then they are abandoned, and what they came to is
//    recorded.

import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import { restMs } from "#domain/partner/admission.ts";
import { closedBy, isLimited } from "#domain/partner/capacity.ts";
import { closedCircuit } from "#domain/partner/circuit.ts";
import {
  type ConfiguredPartner,
  type ConfiguredPartners,
  takesSubmissions,
} from "#domain/partner/configured.ts";
import type { Bus, MailboxOptions } from "#platform/bus/bus.ts";
import type { Mail } from "#platform/bus/mail.ts";
import type { Mailbox } from "#platform/bus/mailbox.ts";
import { partnerMailbox, partnerRequestSubject, partnerSubject } from "#platform/bus/subjects.ts";
import { every } from "#platform/every.ts";
import type { Lease } from "#platform/leases.ts";
import type { MailSignature } from "#platform/mail-signature.ts";
import { pause } from "#platform/retry.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Yard } from "#platform/yard.ts";
import type { CampaignRests } from "./campaign-rests.ts";
import type { ChannelParts } from "./channels/channel.ts";
import { currentChannel } from "./current-channel.ts";
import { createDedupeKeys } from "./dedupe-keys.ts";
import { createDeliver } from "./deliver.ts";
import { drainWhenRemoved } from "./drain.ts";
import { createHeld } from "./held.ts";
import { createMailAdmission, MAX_SHORT_REST_MS, MAX_TIMER_MS } from "./mail-admission.ts";
import { openDelivery } from "./open-delivery.ts";
import { replyTo } from "./owner-requests.ts";
import { openPartnerWriter } from "./partner-writer.ts";
import { createPastOfMail } from "./past-of-mail.ts";
import { pauseGone } from "./pause-gone.ts";
import { createPostponed } from "./postponed.ts";
import { createSlots } from "./slots.ts";
import type { PartnerSnapshots } from "./snapshots.ts";
import { tracedChannel } from "./traced-channel.ts";

export interface Actor {
  /** To be called after each change of the partner's configuration. */
  refresh(): void;
  /** Lets the calls that are under way end, and records what they came to. */
  close(): Promise<void>;
}

export interface ActorOptions {
  readonly partner: PartnerId;
  readonly configured: () => ConfiguredPartner;
  readonly partners: () => ConfiguredPartners;
  readonly lease: Lease;
  readonly yard: Yard;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly signature: MailSignature;
  readonly campaigns: CampaignRests;
  readonly channels: ChannelParts;
  readonly snapshots: PartnerSnapshots;
  /** The partner was removed, and all that waited for it has ended. */
  readonly onRetired?: () => void;
}

const MAX_BATCH = 256;
/** Those that wait for their next attempt are unacknowledged too, and must not keep new ones out. */
const MAX_UNACKNOWLEDGED = 50_000;
const ACK_WAIT_MS = 10_000;
const RENEW_EVERY_MS = 3_000;
/** Of the time that the process has for stopping, what calls may take. */
const GRACE = 0.6;
const LAST_WORDS_MS = 1_000;

export async function startActor(options: ActorOptions): Promise<Actor> {
  const { partner, configured, partners, lease, yard, bus, vault, signature, campaigns, channels } = options;
  const { onRetired = () => undefined } = options;
  const { metrics, config } = yard;
  const eventStore = yard.eventStore();
  const log = yard.log.child({ partner });
  const closing = new AbortController();
  const abandoned = new AbortController();
  // 1, 10
  const abandon = AbortSignal.any([abandoned.signal, lease.lost]);
  const attempts = new Map<DeliveryId, number>();
  let restTimer: NodeJS.Timeout | undefined;
  /** As it was configured when it said so: until that changes, it is called no more. */
  let gone: ConfiguredPartner | undefined;

  const snapshots = options.snapshots.of(partner);
  const writer = openPartnerWriter({
    partner,
    policy: () => configured().config,
    attempts,
    mayWrite: () => lease.valid, // 1
    eventStore,
    onLoaded: () => review(),
    snapshots,
    log,
  });
  const channel = currentChannel({
    configured,
    deliveryOf: (one) => openDelivery(partner, one, vault),
    partner,
    channels,
    log,
  });
  const dedupeKeys = createDedupeKeys({
    vault,
    config: () => configured().config,
    begunWith: (id) => writer.state?.open.get(id)?.dedupe_key,
    sandbox: channels.sandbox,
    log,
  });
  const past = createPastOfMail({ writer, snapshots, dedupeKey: dedupeKeys.known });
  const postponed = createPostponed({
    isUnderWay: (id) => admission.isUnderWay(id),
    onHeld: (id) => held.remains(id),
  });
  const isOpen = (id: PartnerId): boolean => takesSubmissions(partners().get(id));
  const slots = createSlots(() => configured().config.limits.concurrency); // 4
  const deliver = createDeliver({
    writer,
    configured,
    isOpen,
    campaigns,
    channel: tracedChannel(channel.get, partner, yard.tracing),
    slots,
    lease,
    vault,
    dedupeKey: dedupeKeys.get,
    pastOf: past.get,
    postponed,
    metrics,
    log,
    attempts,
    abandon,
    onGone,
    onNextOpened: (id) => held.reconsider(id),
    onDecided: () => review(),
  });
  const admission = createMailAdmission({
    partner,
    configured,
    isOpen,
    lease,
    writer,
    campaigns,
    channel,
    channelRestMs,
    takesNothing,
    dedupeKeys,
    past,
    postponed,
    deliver,
    eventStore,
    vault,
    signature,
    closing: closing.signal,
    log,
  });
  const held = createHeld({
    partner,
    configured,
    partners,
    writer,
    isResting: () => restMs(configured(), circuit(), channelRestMs(), Date.now()) > 0,
    mayMail: () => lease.valid, // 1
    eventStore,
    bus,
    log,
  });

  const circuit = () => writer.state?.circuit ?? closedCircuit;

  function channelRestMs(): number {
    return gone !== undefined && gone === configured() ? Number.POSITIVE_INFINITY : channel.restMs();
  }

  function onGone(partnerThen: ConfiguredPartner, reason: string): void {
    if (gone === partnerThen || configured() !== partnerThen) return;
    gone = partnerThen;
    review();
    const { delivery } = partnerThen;
    const signal = AbortSignal.any([closing.signal, lease.lost]);
    void pauseGone({ partner, delivery, reason, eventStore, signal, log });
  }

  function takesNothing(): boolean {
    const [{ config }, { state }] = [configured(), writer];
    if (!isLimited(config) || state === undefined) return false;
    return closedBy(config, state.use, Date.now(), { waiting: state.held.size }) !== undefined;
  }

  /** After whatever may have changed how many deliveries may begin. */
  function review(): void {
    clearTimeout(restTimer);
    if (closing.signal.aborted) return;
    metrics.circuitState.set({ partner }, CIRCUIT_FIGURES[circuit().state]);
    metrics.partnerUnusable.set({ partner }, channel.restMs() === Number.POSITIVE_INFINITY ? 1 : 0);
    const rest = restMs(configured(), circuit(), channelRestMs(), Date.now(), takesNothing());
    if (rest <= MAX_SHORT_REST_MS) mailbox?.resume();
    else mailbox?.pause(); // 6
    if (rest > 0 && Number.isFinite(rest)) restTimer = setTimeout(review, Math.min(rest, MAX_TIMER_MS));
    held.review();
    admission.changed();
  }

  /** Where it can't be opened, the partner rests. */
  async function tryChannel(): Promise<void> {
    if (configured().standing !== "removed") await channel.get().catch(() => undefined);
    review();
  }

  const mailboxOptions: MailboxOptions = {
    name: partnerMailbox(partner),
    filter: partnerSubject(partner, ">"),
    onBatch: admission.onBatch,
    maxBatch: MAX_BATCH,
    maxAckPending: MAX_UNACKNOWLEDGED,
    ackWaitMs: ACK_WAIT_MS,
  };
  let mailbox: Mailbox | undefined;
  const openMailbox = async (): Promise<void> => {
    mailbox = await bus.mailbox(mailboxOptions);
    if (closing.signal.aborted) await mailbox.close();
    review();
  };
  await openMailbox();
  void tryChannel();
  void writer.open();
  const requests = await bus.serve(partnerRequestSubject(partner), "owner", ({ data }) =>
    replyTo(data, { configured, writer, snapshots, eventStore }).finally(review),
  );
  const inHand = (): Mail[] => [...admission.mails(), ...postponed.mails()];
  const stopRenewing = every({
    ms: RENEW_EVERY_MS,
    work() {
      for (const mail of inHand()) mail.working(); // 3
    },
  });
  const draining = drainWhenRemoved({
    partner,
    configured,
    writer,
    bus,
    mailbox: mailboxOptions,
    isIdle: () => inHand().length === 0,
    onBegin: postponed.handBack,
    closeMailbox: async () => mailbox?.close(),
    openMailbox,
    onRetired,
    signal: AbortSignal.any([closing.signal, lease.lost]),
    metrics,
    log,
  });
  draining.review(); // 9

  return {
    refresh() {
      slots.review();
      void tryChannel();
      review();
      draining.review();
    },
    async close() {
      closing.abort();
      clearTimeout(restTimer);
      held.close();
      admission.changed();
      await Promise.race([draining.ended(), pause(LAST_WORDS_MS)]);
      await requests.close();
      await mailbox?.close();
      postponed.handBack();
      const allEnded = admission.allEnded();
      await Promise.race([allEnded, pause(config.drainMs * GRACE, abandon)]);
      abandoned.abort();
      await Promise.race([allEnded, pause(LAST_WORDS_MS)]);
      await Promise.race([writer.close().then(snapshots.written), pause(LAST_WORDS_MS)]);
      stopRenewing();
      metrics.circuitState.remove({ partner });
      metrics.partnerUnusable.remove({ partner });
      await channel.close();
    },
  };
}

const CIRCUIT_FIGURES = { closed: 0, half_open: 1, open: 2 } as const;
