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

import { once } from "node:events";
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import { type Admission, admit, restMs } from "#domain/partner/admission.ts";
import { closedBy, isLimited } from "#domain/partner/capacity.ts";
import { type Circuit, closedCircuit } from "#domain/partner/circuit.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { type PartnerState, stageOf } from "#domain/partner/state.ts";
import type { Bus, MailboxOptions } from "#platform/bus/bus.ts";
import type { Mail } from "#platform/bus/mail.ts";
import type { Mailbox } from "#platform/bus/mailbox.ts";
import { partnerMailbox, partnerRequestSubject, partnerSubject } from "#platform/bus/subjects.ts";
import { every } from "#platform/every.ts";
import type { Lease } from "#platform/leases.ts";
import { confirmMail, type MailSignature } from "#platform/mail-signature.ts";
import { pause } from "#platform/retry.ts";
import { currentBucket, type TokenBucket } from "#platform/token-bucket.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Yard } from "#platform/yard.ts";
import type { ChannelParts } from "./channels/channel.ts";
import { currentChannel } from "./current-channel.ts";
import { createDedupeKeys } from "./dedupe-keys.ts";
import { createDeliver } from "./deliver.ts";
import { drainRemoved } from "./drain.ts";
import { foresee } from "./foresee.ts";
import { createHeld } from "./held.ts";
import { openDelivery } from "./open-delivery.ts";
import { replyTo } from "./owner-requests.ts";
import { openPartnerWriter } from "./partner-writer.ts";
import { pauseGone } from "./pause-gone.ts";
import { createPostponed } from "./postponed.ts";
import { type DeliveryMail, readMail } from "./read-mail.ts";
import { createSlots } from "./slots.ts";

export interface Actor {
  /** To be called after each change of the partner's configuration. */
  refresh(): void;
  /** Lets the calls that are under way end, and records what they came to. */
  close(): Promise<void>;
}

export interface ActorOptions {
  readonly partner: PartnerId;
  readonly configured: () => ConfiguredPartner;
  readonly lease: Lease;
  readonly yard: Yard;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly signature: MailSignature;
  readonly channels: ChannelParts;
  /** The partner was removed, and all that waited for it has ended. */
  readonly onRetired?: () => void;
}

const MAX_BATCH = 256;
/** Those that wait for their next attempt are unacknowledged too, and must not keep new ones out. */
const MAX_UNACKNOWLEDGED = 50_000;
const ACK_WAIT_MS = 10_000;
const RENEW_EVERY_MS = 3_000;
const MAX_SHORT_REST_MS = 2_000;
/** Timers can't be longer than 24 days, and a look in between costs nothing. */
const MAX_TIMER_MS = 3_600_000;
/** Of the time that the process has for stopping, what calls may take. */
const GRACE = 0.6;
const LAST_WORDS_MS = 1_000;

export async function startActor(options: ActorOptions): Promise<Actor> {
  const { partner, configured, lease, yard, bus, vault, signature, channels } = options;
  const { onRetired = () => undefined } = options;
  const { metrics, config } = yard;
  const log = yard.log.child({ partner });
  const closing = new AbortController();
  const abandoned = new AbortController();
  // 1, 10
  const abandon = AbortSignal.any([abandoned.signal, lease.lost]);
  /** Of the batch that arrived last: what has not begun. */
  let waiting: DeliveryMail[] = [];
  const delivering = new Map<DeliveryMail, Promise<void>>();
  /** Those that are not done with the partner. */
  const underWay = new Set<DeliveryMail>();
  /** Those that were begun while the circuit was open: the first of them to be recorded is the probe. */
  const probing = new Set<DeliveryMail>();
  const attempts = new Map<DeliveryId, number>();
  /** How long a call takes lately. */
  let callMs = 100;
  let changed = Promise.withResolvers<void>();
  let restTimer: NodeJS.Timeout | undefined;
  let draining: Promise<void> | undefined;
  /** As it was configured when it said so: until that changes, it is called no more. */
  let gone: ConfiguredPartner | undefined;

  const writer = openPartnerWriter({
    partner,
    policy: () => configured().config,
    attempts,
    mayWrite: () => lease.valid, // 1
    eventStore: yard.eventStore(),
    onLoaded: () => review(),
    log,
  });
  const channel = currentChannel({
    configured,
    deliveryOf: (one) => openDelivery(partner, one, vault),
    partner,
    channels,
    log,
  });
  const tokens = currentBucket(() => configured().config.limits.per_second);
  const dedupeKeys = createDedupeKeys({
    vault,
    config: () => configured().config,
    begunWith: (id) => writer.state?.open.get(id)?.dedupe_key,
    sandbox: channels.sandbox,
    log,
  });
  const postponed = createPostponed({
    isUnderWay: (id) => [...delivering.keys()].some(({ about }) => about.delivery_id === id),
    onHeld: (id) => held.remains(id),
  });
  const deliver = createDeliver({
    writer,
    configured,
    channel: channel.get,
    slots: createSlots(() => configured().config.limits.concurrency), // 4
    lease,
    vault,
    dedupeKey: dedupeKeys.get,
    postponed,
    metrics,
    log,
    attempts,
    abandon,
    onGone,
    onDecided: () => review(),
  });
  const held = createHeld({
    partner,
    configured,
    writer,
    isResting: () => restMs(configured(), circuit(), channelRestMs(), Date.now()) > 0,
    mayMail: () => lease.valid, // 1
    eventStore: yard.eventStore(),
    bus,
    log,
  });

  const circuit = () => writer.state?.circuit ?? closedCircuit;

  const channelRestMs = (): number =>
    gone !== undefined && gone === configured() ? Number.POSITIVE_INFINITY : channel.restMs();

  function onGone(partnerThen: ConfiguredPartner, reason: string): void {
    if (gone === partnerThen || configured() !== partnerThen) return;
    gone = partnerThen;
    review();
    const { delivery } = partnerThen;
    const signal = AbortSignal.any([closing.signal, lease.lost]);
    void pauseGone({ partner, delivery, reason, eventStore: yard.eventStore(), signal, log });
  }

  /** By caps or schedule. */
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
    changed.resolve();
  }

  async function onBatch(mails: Mail[]): Promise<void> {
    const confirmed = await confirmMail(mails, { signature, eventStore: yard.eventStore(), log });
    waiting = await readMail(confirmed, partner, { vault, log });
    try {
      await dedupeKeys.prepare(waiting, closing.signal);
      await beginAll();
    } finally {
      waiting = [];
    }
  }

  /** Begins as many as may begin, and waits until more may, until all have begun or the partner must rest. */
  async function beginAll(): Promise<void> {
    let looked: PartnerState | undefined;
    while (waiting.length > 0) {
      changed = Promise.withResolvers();
      await tryChannel();
      const state = await stateAsOwner();
      if (state === undefined) return handBack(0); // 1, 3
      // What has ended takes no room: it only has to be acknowledged. Looked at once; what ends meanwhile finds out for itself.
      if (looked !== state) runEnded(state);
      looked = state;
      if (takesNothing()) runDecided(state); // 8
      if (waiting.length === 0) return;

      const bucket = tokens();
      const taken = bucket.take(waiting.length);
      const admission = admitWaiting(state.circuit, bucket, taken);
      const ready = admission.type === "begin" ? takeReady(state, admission.count) : [];
      bucket.giveBack(Math.max(0, taken - ready.length));
      switch (admission.type) {
        case "begin":
          for (const delivery of ready) {
            underWay.add(delivery);
            if (state.circuit.state === "open") probing.add(delivery); // 5
            run(delivery, bucket);
          }
          break;
        case "rest":
          if (admission.ms > MAX_SHORT_REST_MS) return handBack(admission.ms); // 6
          await changedWithin(admission.ms);
          break;
        case "wait":
          await changedWithin(admission.ms);
      }
    }
  }

  /** Undefined once this process may not work for the partner any more. */
  async function stateAsOwner(): Promise<PartnerState | undefined> {
    for (;;) {
      if (closing.signal.aborted || !lease.valid) return undefined;
      if (writer.state !== undefined) return writer.state;
      await Promise.race([writer.open(), once(closing.signal, "abort")]);
    }
  }

  function runEnded(state: PartnerState): void {
    const hasEnded = ({ about }: DeliveryMail): boolean => stageOf(state, about.delivery_id) === "ended";
    for (const delivery of waiting.filter(hasEnded)) run(delivery);
    waiting = waiting.filter((delivery) => !hasEnded(delivery));
  }

  function runDecided(state: PartnerState): void {
    if (configured().standing !== "active" || !configured().config.enabled || channelRestMs() > 0) return;
    const decided = waiting.filter(
      (one) => foresee(one, state, configured(), dedupeKeys.known) === "decision",
    );
    for (const delivery of decided) run(delivery);
    const begun = new Set(decided);
    waiting = waiting.filter((delivery) => !begun.has(delivery));
  }

  /** Where it can't be opened, the partner rests: see `channelRestMs`. */
  async function tryChannel(): Promise<void> {
    if (configured().standing !== "removed") await channel.get().catch(() => undefined);
  }

  /** 7. Up to so many that can be called now, from the front; those before them are decided about or postponed. */
  function takeReady(state: PartnerState, count: number): DeliveryMail[] {
    const ready: DeliveryMail[] = [];
    while (ready.length < count) {
      const delivery = waiting.shift();
      if (delivery === undefined) break;
      const foreseen = foresee(delivery, state, configured(), dedupeKeys.known);
      if (foreseen === "call") ready.push(delivery);
      else if (foreseen === "decision") run(delivery);
      else postponed.postpone(delivery, foreseen);
    }
    return ready;
  }

  function admitWaiting(circuit: Circuit, bucket: TokenBucket, taken: number): Admission {
    const traffic = {
      waiting: waiting.length,
      channelRestMs: channelRestMs(),
      underWay: underWay.size,
      probing: probing.size,
      callMs,
      tokens: taken,
      nextTokenMs: bucket.waitMs(),
    };
    return admit(configured(), circuit, traffic, Date.now());
  }

  /** `bucket`: what its token was taken from, if it needed one. */
  function run(delivery: DeliveryMail, bucket?: TokenBucket): void {
    const onCalled = (ms: number): void => {
      callMs += (Math.max(1, ms) - callMs) / 16;
      underWay.delete(delivery);
      changed.resolve();
    };
    const ended = deliver(delivery, onCalled).then((isBegun) => {
      if (!isBegun) bucket?.giveBack(1);
      for (const some of [underWay, probing, delivering]) some.delete(delivery);
      postponed.ended(delivery.about.delivery_id);
      changed.resolve();
    });
    delivering.set(delivery, ended);
  }

  function handBack(ms: number): void {
    for (const { mail } of waiting) mail.nak(Number.isFinite(ms) ? ms : 0);
  }

  function changedWithin(ms: number): Promise<unknown> {
    if (!Number.isFinite(ms)) return changed.promise;
    const timer = setTimeout(changed.resolve, Math.min(ms, MAX_TIMER_MS));
    return changed.promise.finally(() => clearTimeout(timer));
  }

  const mailboxOptions: MailboxOptions = {
    name: partnerMailbox(partner),
    filter: partnerSubject(partner, ">"),
    onBatch,
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
  void tryChannel().then(review);
  void writer.open();
  const requests = await bus.serve(partnerRequestSubject(partner), "owner", ({ data }) =>
    replyTo(data, { configured, writer, eventStore: yard.eventStore() }).finally(review),
  );
  const stopRenewing = every({
    ms: RENEW_EVERY_MS,
    work() {
      for (const { mail } of [...waiting, ...delivering.keys()]) mail.working(); // 3
      for (const mail of postponed.mails()) mail.working();
    },
  });

  /** 9 */
  function drain(): void {
    if (draining !== undefined || configured().standing !== "removed" || closing.signal.aborted) return;
    postponed.handBack();
    draining = drainRemoved({
      partner,
      configured,
      writer,
      bus,
      mailbox: mailboxOptions,
      isIdle: () => waiting.length + delivering.size + postponed.mails().length === 0,
      closeMailbox: async () => mailbox?.close(),
      openMailbox,
      onRetired,
      signal: AbortSignal.any([closing.signal, lease.lost]),
      metrics,
      log,
    }).finally(() => {
      draining = undefined;
      drain();
    });
  }
  drain();

  return {
    refresh() {
      void tryChannel().then(review);
      review();
      drain();
    },
    async close() {
      closing.abort();
      clearTimeout(restTimer);
      held.close();
      changed.resolve();
      await Promise.race([draining, pause(LAST_WORDS_MS)]);
      await requests.close();
      await mailbox?.close();
      postponed.handBack();
      const allEnded = Promise.all(delivering.values());
      await Promise.race([allEnded, pause(config.drainMs * GRACE, abandon)]);
      abandoned.abort();
      await Promise.race([allEnded, pause(LAST_WORDS_MS)]);
      await Promise.race([writer.close(), pause(LAST_WORDS_MS)]);
      stopRenewing();
      metrics.circuitState.remove({ partner });
      metrics.partnerUnusable.remove({ partner });
      await channel.close();
    },
  };
}

const CIRCUIT_FIGURES = { closed: 0, half_open: 1, open: 2 } as const;
