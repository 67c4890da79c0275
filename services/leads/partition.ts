import type { Outcome } from "#domain/submission/decide.ts";
import type { Bus, Mail } from "#platform/bus/bus.ts";
import { leadMailbox, leadSubject } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Health } from "#platform/health.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs } from "#platform/retry.ts";
import { createLeads, type Lead } from "./leads.ts";
import { isToDeliverAgain, type Letter, openLetter, outcomeIn } from "./letter.ts";
import { type SettleParts, settle } from "./settle.ts";
import { createTries } from "./tries.ts";
import { verdictOn } from "./verdict.ts";

export interface PartitionParts extends Omit<SettleParts, "leads"> {
  readonly bus: Bus;
  readonly eventStore: EventStore;
  readonly tries: { readonly identify: number; readonly route: number };
  readonly health: Health;
  readonly log: Log;
}

export interface Partition {
  close(): Promise<void>;
}

const MOST_AT_ONCE = 128;
/**
 * What a process is sent after it was stopped in the middle of something comes again before its lease is over, so that whoever takes
 * over finds it there: until the first has passed it is sent to the sleeper, and the second after that it is taken for lost.
 */
const REQUEST_MS = 1_500;
const ACK_WAIT_MS = 2_000;
const AT_IT_EVERY_MS = 500;
const MEASURE_EVERY_MS = 5_000;
/** For what is missing to come back: short, since a whole partition waits. */
const OUTAGE = { baseMs: 100, maxMs: 1_000 };
const RETRY = { baseMs: 500, maxMs: 60_000 };

export async function openPartition(n: number, parts: PartitionParts, lease: Lease): Promise<Partition> {
  const { bus, health, metrics } = parts;
  const log = parts.log.child({ partition: n });
  const leads = createLeads(parts.eventStore);
  const tries = createTries();
  let outages = 0;
  let isFirstBatch = true;

  async function leadOf({ mail, event, stored, id }: Letter): Promise<Lead> {
    const isFirst = event.type === "SubmissionReceived" && mail.deliveries === 1;
    if (isFirst && stored.revision === 0n) return leads.atHand(id) ?? leads.fromFirst(event, stored);
    if (event.type === "SubmissionRedriven") return leads.load(id);
    return leads.atHand(id) ?? leads.load(id);
  }

  async function settleAll(letters: readonly Letter[]): Promise<void> {
    const found = await Promise.all(letters.map(async (letter) => ({ letter, lead: await leadOf(letter) })));
    const due = found.filter(({ letter, lead }) => {
      if (lead.state.status === "received" || lead.state.status === "identified") return true;
      if (!isToDeliverAgain(lead.state)) letter.mail.ack();
      return false;
    });
    const again = found.filter(({ lead }) => isToDeliverAgain(lead.state));
    const failures = await settle(
      due.map(({ letter, lead }) => ({ lead, because: letter.stored })),
      { ...parts, leads },
      lease.lost,
    );
    await Promise.all([
      ...due.map(({ letter }, n) => answer(letter, failures[n])),
      ...again.map(async ({ letter, lead }) => {
        await leads.act(lead, letter.stored, () => ({ type: "deliver_again" }));
        await answer(letter, undefined);
      }),
    ]);
  }

  async function conclude(letter: Letter, outcome: Outcome): Promise<void> {
    const lead = leads.atHand(letter.id) ?? (await leads.load(letter.id));
    const after = await leads.act(lead, letter.stored, () => ({ type: "conclude", outcome }));
    letter.mail.ack();
    if (!after.isFresh && after.state.status !== "queued") {
      metrics.endToEndSeconds.observe(
        Math.max(0, (Date.now() - Date.parse(after.state.received_at)) / 1_000),
      );
    }
  }

  async function answer(letter: Letter, failure: unknown): Promise<void> {
    if (failure === undefined) {
      outages = 0;
      tries.forget(letter.stored.id);
      letter.mail.ack();
      return;
    }
    const about = { lead_id: letter.id, trace_id: letter.stored.metadata.trace };
    const verdict = await verdictOn(failure, health);
    if (verdict.type === "wait") {
      log.warn({ ...about, err: failure }, "waits for what is missing");
      letter.mail.nak(backoffMs(outages++, OUTAGE));
      return;
    }
    const { stage, reason } = verdict;
    const attempts = tries.count(letter.stored.id);
    const most = stage === "route" ? parts.tries.route : parts.tries.identify;
    if (attempts < most) {
      log.warn({ ...about, stage, reason, attempts }, "tried again later");
      metrics.retriesTotal.inc({ stage });
      letter.mail.nak(backoffMs(attempts - 1, RETRY));
      return;
    }
    const lead = await leads.load(letter.id);
    await leads.act(lead, letter.stored, () => ({ type: "give_up", stage, reason, attempts }));
    log.error({ ...about, stage, reason, attempts }, "dead-lettered");
    tries.forget(letter.stored.id);
    letter.mail.ack();
  }

  /** When a batch fails as a whole, each goes alone, so that one bad letter fails by itself. */
  async function settleApart(letters: readonly Letter[]): Promise<void> {
    try {
      await settleAll(letters);
    } catch (error) {
      const [only, ...others] = letters;
      const verdict = await verdictOn(error, health);
      if (only !== undefined && (others.length === 0 || verdict.type === "wait")) {
        for (const letter of letters) await guarded(letter, () => answer(letter, error));
      } else {
        for (const letter of letters) await settleApart([letter]);
      }
    }
  }

  async function guarded(letter: Letter, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.warn({ err: error, lead_id: letter.id }, "a letter comes again");
      letter.mail.nak(backoffMs(Math.min(letter.mail.deliveries, 6), OUTAGE));
    }
  }

  async function onBatch(mails: Mail[]): Promise<void> {
    if (!lease.valid) {
      // Somebody else may have the partition now; what they do not get from us, they get when it comes again.
      for (const mail of mails) mail.nak(0);
      return;
    }
    const again = mails.filter(({ deliveries }) => deliveries > 1).length;
    if (isFirstBatch || again > 0) log.debug({ mails: mails.length, again }, "mails are taken up");
    isFirstBatch = false;
    const atIt = setInterval(() => {
      for (const mail of mails) mail.working();
    }, AT_IT_EVERY_MS);
    await react(mails).finally(() => clearInterval(atIt));
  }

  async function react(mails: readonly Mail[]): Promise<void> {
    const letters = mails.flatMap((mail) => openLetter(mail, log) ?? []);
    const unsettled = letters.filter(({ event }) => outcomeIn(event) === undefined);
    if (unsettled.length > 0) await settleApart(unsettled);
    await Promise.all(
      letters.map(async (letter) => {
        const outcome = outcomeIn(letter.event);
        if (outcome !== undefined) await guarded(letter, () => conclude(letter, outcome));
      }),
    );
  }

  const mailbox = await bus.mailbox({
    name: leadMailbox(n),
    filter: leadSubject(n, ">"),
    onBatch,
    maxBatch: MOST_AT_ONCE,
    maxAckPending: 10_000,
    ackWaitMs: ACK_WAIT_MS,
    requestMs: REQUEST_MS,
  });
  log.info("a partition is worked on");
  const queue = `lead:${n}`;
  const measure = async (): Promise<void> => {
    const state = await bus.consumerState(mailbox.name);
    if (state !== undefined) metrics.queueDepth.set({ queue }, state.pending + state.ackPending);
  };
  const measuring = setInterval(() => {
    measure().catch((error: unknown) => log.debug({ err: error }, "the depth of the queue is not known now"));
  }, MEASURE_EVERY_MS);
  return {
    async close() {
      clearInterval(measuring);
      await mailbox.close();
      metrics.queueDepth.remove({ queue });
    },
  };
}
