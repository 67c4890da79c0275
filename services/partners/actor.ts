// The one owner of a partner: takes its mail when the partner may be called, and no more of it than can be under way.
//
// 1. Only the owner works: the lease is asked before deliveries begin, before each append and before the first byte leaves, which is
//    after every wait. A call under way ends when the lease is lost.
// 2. DeliveryStarted is stored before the partner is called, the outcome before the mail is acknowledged (deliver.ts).
// 3. Each mail is begun or handed back; until then its wait is renewed, so that nobody else gets it meanwhile.
// 4. No more calls at once than `limits.concurrency`, however many deliveries have begun (slots.ts).
// 5. While the circuit is not closed, one delivery alone begins. How many begin at all: domain/partner/admission.ts.
// 6. For a long rest mails are handed back and the mailbox is paused, for a short one they stay in hand (docs/decisions/0061).
// 7. Closing takes bounded time: calls may use the larger part of it, then they are abandoned, and what they came to is
//    recorded.

import { once } from "node:events";
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import { type Admission, admit, restMs } from "#domain/partner/admission.ts";
import { type Circuit, closedCircuit } from "#domain/partner/circuit.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { type PartnerState, stageOf } from "#domain/partner/state.ts";
import { partnerConfigContext } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { Mail } from "#platform/bus/mail.ts";
import { partnerMailbox, partnerSubject } from "#platform/bus/subjects.ts";
import { every } from "#platform/every.ts";
import type { Lease } from "#platform/leases.ts";
import { pause } from "#platform/retry.ts";
import { type TokenBucket, tokenBucket, unlimited } from "#platform/token-bucket.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";
import { currentChannel } from "./current-channel.ts";
import { createDeliver } from "./deliver.ts";
import { openPartnerWriter } from "./partner-writer.ts";
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
  const { partner, configured, lease, yard, bus, vault } = options;
  const { metrics, config } = yard;
  const log = yard.log.child({ partner });
  const closing = new AbortController();
  const abandoned = new AbortController();
  // 1, 7
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
  let rate = { perSecond: undefined as number | undefined, bucket: unlimited };

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
    async secretOf({ sealed_secret }) {
      const secret = sealed_secret && (await vault.open(sealed_secret, partnerConfigContext(partner)));
      return typeof secret === "string" ? parseSecret(secret) : undefined;
    },
    allowPrivate: config.allowPrivatePartners,
    log,
  });
  const deliver = createDeliver({
    writer,
    configured,
    channel: channel.get,
    slots: createSlots(() => configured().config.limits.concurrency), // 4
    lease,
    vault,
    metrics,
    log,
    attempts,
    abandon,
    onDecided: () => review(),
  });

  const circuit = () => writer.state?.circuit ?? closedCircuit;

  /** After whatever may have changed how many deliveries may begin. */
  function review(): void {
    clearTimeout(restTimer);
    if (closing.signal.aborted) return;
    metrics.circuitState.set({ partner }, CIRCUIT_FIGURES[circuit().state]);
    const rest = restMs(configured(), circuit(), Date.now());
    if (rest <= MAX_SHORT_REST_MS) mailbox?.resume();
    else mailbox?.pause(); // 6
    if (rest > 0 && Number.isFinite(rest)) restTimer = setTimeout(review, Math.min(rest, MAX_TIMER_MS));
    changed.resolve();
  }

  /** Stays the same for as long as `limits.per_second` does. */
  function tokens(): TokenBucket {
    const { per_second: perSecond } = configured().config.limits;
    if (rate.perSecond !== perSecond)
      rate = { perSecond, bucket: perSecond === undefined ? unlimited : tokenBucket(perSecond) };
    return rate.bucket;
  }

  async function onBatch(mails: Mail[]): Promise<void> {
    // Rejects while the channel can't be opened; then all of it comes again.
    if (configured().standing !== "removed") await channel.get();
    waiting = await readMail(mails, partner, { vault, log });
    try {
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
      const state = await stateAsOwner();
      if (state === undefined) return handBack(0); // 1, 3
      // What has ended takes no room: it only has to be acknowledged. Looked at once; what ends meanwhile finds out for itself.
      if (looked !== state) runEnded(state);
      looked = state;

      const admission = admitWaiting(state.circuit);
      switch (admission.type) {
        case "begin":
          for (const delivery of waiting.splice(0, admission.count)) {
            underWay.add(delivery);
            if (state.circuit.state === "open") probing.add(delivery); // 5
            run(delivery);
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

  function admitWaiting(circuit: Circuit): Admission {
    const bucket = tokens();
    const taken = bucket.take(waiting.length);
    const traffic = {
      waiting: waiting.length,
      underWay: underWay.size,
      probing: probing.size,
      callMs,
      tokens: taken,
      nextTokenMs: bucket.waitMs(),
    };
    const admission = admit(configured(), circuit, traffic, Date.now());
    bucket.giveBack(taken - Math.min(taken, admission.type === "begin" ? admission.count : 0));
    return admission;
  }

  function run(delivery: DeliveryMail): void {
    const onCalled = (ms: number): void => {
      callMs += (Math.max(1, ms) - callMs) / 16;
      underWay.delete(delivery);
      changed.resolve();
    };
    const ended = deliver(delivery, onCalled).finally(() => {
      for (const some of [underWay, probing, delivering]) some.delete(delivery);
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

  let mailbox: Awaited<ReturnType<Bus["mailbox"]>> | undefined;
  mailbox = await bus.mailbox({
    name: partnerMailbox(partner),
    filter: partnerSubject(partner, ">"),
    onBatch,
    maxBatch: MAX_BATCH,
    maxAckPending: MAX_UNACKNOWLEDGED,
    ackWaitMs: ACK_WAIT_MS,
  });
  review();
  void writer.open();
  const stopRenewing = every({
    ms: RENEW_EVERY_MS,
    work() {
      for (const { mail } of [...waiting, ...delivering.keys()]) mail.working(); // 3
    },
  });

  return {
    refresh: review,
    async close() {
      closing.abort();
      clearTimeout(restTimer);
      changed.resolve();
      await mailbox?.close();
      const allEnded = Promise.all(delivering.values());
      await Promise.race([allEnded, pause(config.drainMs * GRACE, abandon)]);
      abandoned.abort();
      await Promise.race([allEnded, pause(LAST_WORDS_MS)]);
      await Promise.race([writer.close(), pause(LAST_WORDS_MS)]);
      stopRenewing();
      metrics.circuitState.remove({ partner });
      await channel.close();
    },
  };
}

const CIRCUIT_FIGURES = { closed: 0, half_open: 1, open: 2 } as const;
