// From a batch of mails to deliveries that have begun: as many as may begin now, the others in hand until they may. Numbers refer to
// the invariants of actor.ts.
import { once } from "node:events";
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import { type Admission, admit } from "#domain/partner/admission.ts";
import type { Circuit } from "#domain/partner/circuit.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import type { Mail } from "#platform/bus/mail.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import { confirmMail, type MailSignature } from "#platform/mail-signature.ts";
import { currentBucket, type TokenBucket } from "#platform/token-bucket.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { CampaignRests } from "./campaign-rests.ts";
import type { CurrentChannel } from "./current-channel.ts";
import type { DedupeKeys } from "./dedupe-keys.ts";
import type { Deliver } from "./deliver.ts";
import { foresee } from "./foresee.ts";
import type { PartnerWriter } from "./partner-writer.ts";
import type { PastOfMail } from "./past-of-mail.ts";
import type { Postponed } from "./postponed.ts";
import { type DeliveryMail, readMail } from "./read-mail.ts";

export interface MailAdmission {
  /** Resolves once all of the batch have begun or were handed back. */
  onBatch(mails: Mail[]): Promise<void>;
  /** More may begin than before. */
  changed(): void;
  isUnderWay(id: DeliveryId): boolean;
  /** In hand: what has not begun, and what has not ended. */
  mails(): Mail[];
  /** Resolves once all that have begun have ended. */
  allEnded(): Promise<unknown>;
}

export interface MailAdmissionParts {
  readonly partner: PartnerId;
  readonly configured: () => ConfiguredPartner;
  /** Whether another partner takes submissions now. */
  readonly isOpen: (partner: PartnerId) => boolean;
  readonly lease: Pick<Lease, "valid">;
  readonly writer: Pick<PartnerWriter, "state" | "open">;
  readonly campaigns: CampaignRests;
  readonly channel: Pick<CurrentChannel, "get">;
  readonly channelRestMs: () => number;
  /** By caps or schedule. */
  readonly takesNothing: () => boolean;
  readonly dedupeKeys: Pick<DedupeKeys, "known" | "prepare">;
  readonly past: PastOfMail;
  readonly postponed: Pick<Postponed, "postpone" | "ended">;
  readonly deliver: Deliver;
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly signature: MailSignature;
  readonly closing: AbortSignal;
  readonly log: Log;
}

/** A rest that is longer is none that mails stay in hand for. */
export const MAX_SHORT_REST_MS = 2_000;
/** Timers can't be longer than 24 days, and a look in between costs nothing. */
export const MAX_TIMER_MS = 3_600_000;

export function createMailAdmission(parts: MailAdmissionParts): MailAdmission {
  const { partner, configured, isOpen, lease, writer, campaigns, channel, channelRestMs } = parts;
  const { takesNothing, dedupeKeys } = parts;
  const { past, postponed, deliver, eventStore, vault, signature, closing, log } = parts;
  /** Of the batch that arrived last: what has not begun. */
  let waiting: DeliveryMail[] = [];
  const delivering = new Map<DeliveryMail, Promise<void>>();
  /** Those that are not done with the partner. */
  const underWay = new Set<DeliveryMail>();
  /** Those that were begun while the circuit was open: the first of them to be recorded is the probe. */
  const probing = new Set<DeliveryMail>();
  /** How long a call takes lately. */
  let callMs = 100;
  let changed = Promise.withResolvers<void>();
  const tokens = currentBucket(() => configured().config.limits.per_second);

  async function onBatch(mails: Mail[]): Promise<void> {
    const confirmed = await confirmMail(mails, { signature, eventStore, log });
    waiting = await readMail(confirmed, partner, { vault, log });
    try {
      await dedupeKeys.prepare(waiting, closing);
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
      if (looked !== state) {
        await past.prepare(waiting);
        looked = state;
        // What has ended takes no room: it only has to be acknowledged. Looked at once; what ends meanwhile finds out for itself.
        runEnded(state);
        continue;
      }
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

  /** Where it can't be opened, the partner rests: see `channelRestMs`. */
  async function tryChannel(): Promise<void> {
    if (configured().standing !== "removed") await channel.get().catch(() => undefined);
  }

  /** Undefined once this process may not work for the partner any more. */
  async function stateAsOwner(): Promise<PartnerState | undefined> {
    for (;;) {
      if (closing.aborted || !lease.valid) return undefined;
      if (writer.state !== undefined) return writer.state;
      await Promise.race([writer.open(), once(closing, "abort")]);
    }
  }

  function runEnded(state: PartnerState): void {
    const hasEnded = (delivery: DeliveryMail): boolean => past.hasEnded(delivery, state);
    for (const delivery of waiting.filter(hasEnded)) run(delivery);
    waiting = waiting.filter((delivery) => !hasEnded(delivery));
  }

  function runDecided(state: PartnerState): void {
    if (configured().standing !== "active" || !configured().config.enabled || channelRestMs() > 0) return;
    const decided = waiting.filter(
      (one) => foresee(one, state, configured(), dedupeKeys.known, past.known, isOpen) === "decision",
    );
    for (const delivery of decided) run(delivery);
    const begun = new Set(decided);
    waiting = waiting.filter((delivery) => !begun.has(delivery));
  }

  /** 7. Up to so many that can be called now, from the front; those before them are decided about or postponed. */
  function takeReady(state: PartnerState, count: number): DeliveryMail[] {
    const ready: DeliveryMail[] = [];
    while (ready.length < count) {
      const delivery = waiting.shift();
      if (delivery === undefined) break;
      const campaign = delivery.about.sent_for?.campaign;
      const rest = campaign === undefined ? 0 : campaigns.restMs(campaign, Date.now());
      if (typeof rest === "number" && rest > 0) {
        delivery.mail.nak(rest);
        continue;
      }
      const foreseen = foresee(delivery, state, configured(), dedupeKeys.known, past.known, isOpen);
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

  return {
    onBatch,
    changed: () => changed.resolve(),
    isUnderWay: (id) => [...delivering.keys()].some(({ about }) => about.delivery_id === id),
    mails: () => [...waiting, ...delivering.keys()].map(({ mail }) => mail),
    allEnded: () => Promise.all(delivering.values()),
  };
}
