// The one owner of a partner: takes its mail when the partner may be asked, and no more of it than can be under way.

import type { PartnerId } from "#domain/ids.ts";
import { stageOf } from "#domain/partner/book.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { Mail } from "#platform/bus/mail.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { Lease } from "#platform/leases.ts";
import { pause } from "#platform/retry.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Yard } from "#platform/yard.ts";
import { openAccount } from "./account.ts";
import { createCourier } from "./courier.ts";
import type { Entry } from "./directory.ts";
import { type Job, readMails } from "./mailroom.ts";
import { createOutlet } from "./outlet.ts";
import { createSlots } from "./slots.ts";

export interface Actor {
  /** To be called after each change of the partner's configuration. */
  refresh(): void;
  /** Lets the calls that are under way end, and writes how they ended. */
  close(): Promise<void>;
}

export interface ActorOptions {
  readonly partner: PartnerId;
  readonly entry: () => Entry;
  readonly lease: Lease;
  readonly yard: Yard;
  readonly bus: Bus;
  readonly vault: Vault;
}

const MOST_MAILS = 256;
/** Those that wait for their next attempt are unanswered too, and must not keep new ones out. */
const MOST_UNANSWERED = 50_000;
const ACK_WAIT_MS = 10_000;
const STILL_AT_IT_MS = 3_000;
/** For so short a rest mails are kept in hand, rather than handed back and asked for again. */
const SHORT_REST_MS = 2_000;
/** Timers can't be longer than 24 days, and a look in between costs nothing. */
const LONGEST_TIMER_MS = 3_600_000;
/** So much of the partner's time is written down ahead, so that no call waits for the disk, and at most so many deliveries. */
const AHEAD_MS = 100;
const MOST_AHEAD = 256;
/** Of the time that the process has for stopping, what calls may take. */
const GRACE = 0.6;

export async function startActor({ partner, entry, lease, yard, bus, vault }: ActorOptions): Promise<Actor> {
  const { metrics, config } = yard;
  const log = yard.log.child({ partner });
  const closing = new AbortController();
  const abandon = new AbortController();
  const held = new Set<Mail>();
  const jobs = new Set<Promise<void>>();
  let underWay = 0;
  /** Deliveries begun while the circuit was open, of which the first to call is the probe. */
  let probing = 0;
  /** How long a call takes, lately. */
  let callMs = AHEAD_MS;
  let roomChanged = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;

  const account = openAccount({
    partner,
    policy: () => entry().config,
    lease,
    eventStore: yard.eventStore(),
    log,
    onOpened: () => regulate(),
  });
  const slots = createSlots(() => entry().config.limits.concurrency);
  const outlet = createOutlet({ entry, allowPrivate: config.allowPrivatePartners, log });
  const courier = createCourier({
    account,
    entry,
    channel: () => outlet.channel,
    slots,
    vault,
    metrics,
    log,
    abandon: abandon.signal,
    onDecided: () => regulate(),
  });

  /** How long the partner must be left alone: 0 when it may be asked. */
  function restMs(): number {
    const { standing, config: settings } = entry();
    if (standing === "removed") return 0;
    if (standing === "paused" || !settings.enabled) return Number.POSITIVE_INFINITY;
    const circuit = account.seen?.book.circuit;
    return circuit?.state === "open" ? Math.max(0, circuit.until - Date.now()) : 0;
  }

  function regulate(): void {
    clearTimeout(timer);
    const state = account.seen?.book.circuit.state ?? "closed";
    metrics.circuitState.set({ partner }, CIRCUIT_FIGURES[state]);
    if (closing.signal.aborted) return;
    const rest = restMs();
    if (rest <= SHORT_REST_MS) mailbox?.resume();
    else mailbox?.pause();
    if (rest > 0 && Number.isFinite(rest)) timer = setTimeout(regulate, Math.min(rest, LONGEST_TIMER_MS));
    roomChanged.resolve();
  }

  function freeRoom(): number {
    const { limits, idempotent } = entry().config;
    // What a crash leaves written down and not called is repeated, so who minds repeats gets nothing ahead.
    const ahead = idempotent ? Math.min(MOST_AHEAD, limits.concurrency * (AHEAD_MS / callMs)) : 0;
    return Math.floor(limits.concurrency + ahead) - underWay;
  }

  async function onBatch(mails: Mail[]): Promise<void> {
    const arrived = await readMails(mails, partner, { vault, log });
    for (const { mail } of arrived) held.add(mail);
    try {
      await place(arrived);
    } catch (error) {
      for (const { mail } of arrived) held.delete(mail);
      throw error;
    }
  }

  /** Begins as many as there is room for, and waits for more room, until all have begun or the partner must rest. */
  async function place(arrived: readonly Job[]): Promise<void> {
    const { book } = await account.ledger();
    const hasEnded = ({ about }: Job): boolean => stageOf(book, about.delivery_id) === "ended";
    for (const job of arrived.filter(hasEnded)) letGo(job, (mail) => mail.ack());
    let next = arrived.filter((job) => !hasEnded(job));
    while (next.length > 0) {
      roomChanged = Promise.withResolvers<void>();
      const rest = closing.signal.aborted ? Number.POSITIVE_INFINITY : restMs();
      if (rest > SHORT_REST_MS) {
        for (const job of next) letGo(job, (mail) => mail.nak(Number.isFinite(rest) ? rest : 0));
        return;
      }
      const count = rest > 0 ? 0 : countToBegin(next.length);
      for (const job of next.slice(0, count)) begin(job);
      next = next.slice(count);
      if (next.length > 0) await moreRoom();
    }
  }

  function countToBegin(most: number): number {
    const circuit = account.seen?.book.circuit.state;
    // A partner that may be back is asked by one delivery alone; the others wait for what comes of it.
    const room =
      circuit === "closed" || entry().standing === "removed"
        ? freeRoom()
        : circuit === "open" && probing === 0
          ? 1
          : 0;
    return outlet.rate.take(Math.min(most, Math.max(0, room)));
  }

  function letGo({ mail }: Job, answer: (mail: Mail) => void): void {
    held.delete(mail);
    answer(mail);
  }

  function begin(job: Job): void {
    underWay += 1;
    const probes = account.seen?.book.circuit.state === "open" ? 1 : 0;
    probing += probes;
    let over = false;
    const makeRoom = (): void => {
      if (over) return;
      over = true;
      underWay -= 1;
      roomChanged.resolve();
    };
    const onCalled = (ms: number): void => {
      callMs += (Math.max(1, ms) - callMs) / 16;
      makeRoom();
    };
    const work = courier(job, onCalled).finally(() => {
      probing -= probes;
      makeRoom();
      jobs.delete(work);
      held.delete(job.mail);
      roomChanged.resolve();
    });
    jobs.add(work);
  }

  function moreRoom(): Promise<unknown> {
    const wait = outlet.rate.waitMs();
    // A partner that is paused meanwhile, or allowed more, must not wait for what was allowed before.
    return wait > 0 ? Promise.race([pause(wait, closing.signal), roomChanged.promise]) : roomChanged.promise;
  }

  let mailbox: Awaited<ReturnType<Bus["mailbox"]>> | undefined;
  mailbox = await bus.mailbox({
    name: partnerMailbox(partner),
    filter: `yard.partner.${partner}.>`,
    onBatch,
    maxBatch: MOST_MAILS,
    maxAckPending: MOST_UNANSWERED,
    ackWaitMs: ACK_WAIT_MS,
  });
  regulate();
  account.ledger().catch(() => undefined);
  const heartbeat = setInterval(() => {
    for (const mail of held) mail.working();
  }, STILL_AT_IT_MS);

  return {
    refresh: regulate,
    async close() {
      closing.abort();
      clearTimeout(timer);
      roomChanged.resolve();
      await mailbox?.close();
      await Promise.race([Promise.all(jobs), pause(config.drainMs * GRACE)]);
      abandon.abort();
      await Promise.race([Promise.all(jobs), pause(1_000)]);
      account.close();
      clearInterval(heartbeat);
      metrics.circuitState.remove({ partner });
      await outlet.close();
    },
  };
}

const CIRCUIT_FIGURES = { closed: 0, half_open: 1, open: 2 } as const;
