import { LRUCache } from "lru-cache";
import type { SubmissionId } from "#domain/ids.ts";
import type { Outcome } from "#domain/submission/decide.ts";
import type { Stage } from "#domain/submission/events.ts";
import type { SubmissionState } from "#domain/submission/state.ts";
import { parkMail } from "#platform/event-store/event-mail.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Health } from "#platform/health.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs } from "#platform/retry.ts";
import { openAsking } from "./asking.ts";
import { failureOf, Interrupted, type Retry } from "./failure.ts";
import { type IdentifyAndRouteParts, identifyAndRoute } from "./identify-and-route.ts";
import { createLeads, deliveryIdsOf, type Lead, leadFrom } from "./leads.ts";
import { type LeadMail, outcomeIn } from "./read-mail.ts";
import type { AskService } from "./routing-services.ts";

export interface LeadActorParts extends Omit<IdentifyAndRouteParts, "leads"> {
  readonly eventStore: EventStore;
  readonly maxTries: { readonly identify: number; readonly route: number };
  readonly askService: AskService;
  readonly health: Health;
  readonly log: Log;
}

export interface LeadActors {
  /** Answers every mail, but for those that wait for a routing service: these are answered when it has answered. */
  react(mails: readonly LeadMail[]): Promise<void>;
  /** Hands back what waits for a routing service. */
  close(): Promise<void>;
}

/** For what is missing to come back: short, since a whole partition waits. */
const OUTAGE_BACKOFF = { baseMs: 100, maxMs: 1_000 };
const RETRY_BACKOFF = { baseMs: 500, maxMs: 60_000 };
const MAX_COUNTED = 10_000;
/** Half of what a partition's mailbox lets wait, so that nobody else's mail waits behind those. */
const MAX_RESTING = 5_000;

/** What the actors of a partition do with their mail. `lost` is given when another process has the partition. */
export function leadActors(parts: LeadActorParts, lost: AbortSignal): LeadActors {
  const { maxTries, routable, health, metrics, log } = parts;
  const leads = createLeads(parts.eventStore);
  /** By the event that is tried. In memory: a partition that moves gives its leads a few tries more, never fewer. */
  const tries = new LRUCache<string, number>({ max: MAX_COUNTED });
  let outages = 0;
  /** Those that wait for a routing service to be asked again. */
  const resting = new Set<SubmissionId>();
  const asking = openAsking({ ...parts, leads, lost, answer });

  async function leadOf({ mail, event, stored, id }: LeadMail): Promise<Lead> {
    const isNew = event.type === "SubmissionReceived" && mail.deliveries === 1 && stored.revision === 0n;
    if (isNew) return leads.atHand(id) ?? leadFrom(event, stored);
    if (event.type === "SubmissionRedriven") return leads.load(id);
    return leads.atHand(id) ?? leads.load(id);
  }

  /** One batch, one request to identity; throws where the batch as a whole fails. */
  async function advance(mails: readonly LeadMail[]): Promise<void> {
    const found = await Promise.all(
      mails.map(async (mail) => ({ mail, cause: mail.stored, lead: await leadOf(mail) })),
    );
    const due = found.filter(({ lead }) => isToRoute(lead.state));
    const again = found.filter(({ lead }) => isToDeliverAgain(lead.state));
    for (const { mail, lead } of found)
      if (!isToRoute(lead.state) && !isToDeliverAgain(lead.state)) mail.mail.ack();
    const advanced = await identifyAndRoute(due, { ...parts, leads }, lost);
    await Promise.all([
      ...due.map(({ mail }, n) => {
        const one = advanced[n];
        if (one?.outcome === "to_ask") return asking.ask(mail, one.toAsk);
        return answer(mail, one?.outcome === "failed" ? one.error : undefined);
      }),
      ...again.map(async ({ mail, cause, lead }) => {
        const deliveryId = deliveryIdsOf(mail.id);
        await leads.act(mail.id, cause, () => ({ type: "deliver_again", deliveryId }), lead);
        await answer(mail, undefined);
      }),
    ]);
  }

  /** When a batch fails as a whole, each goes alone, so that one bad mail fails by itself. */
  async function advanceApart(mails: readonly LeadMail[]): Promise<void> {
    try {
      await advance(mails);
    } catch (error) {
      const failure = await failureOf(error, health);
      if (failure.type === "outage") {
        waitForOutage(mails, error);
      } else if (mails.length === 1) {
        for (const mail of mails) await guarded(mail, () => answer(mail, error));
      } else {
        for (const mail of mails) await advanceApart([mail]);
      }
    }
  }

  /** In one line, however many they are: an outage makes thousands wait, each many times. */
  function waitForOutage(mails: readonly Pick<LeadMail, "mail" | "stored" | "id">[], error: unknown): void {
    const [first] = mails;
    const about = { lead_id: first?.id, trace_id: first?.stored.metadata.trace, leads: mails.length };
    log.warn({ ...about, err: error }, "leads wait for an outage to end");
    for (const { mail } of mails) mail.nak(backoffMs(outages, OUTAGE_BACKOFF));
    outages += 1;
  }

  async function recordOutcome({ mail, stored, id }: LeadMail, outcome: Outcome): Promise<void> {
    const deliveryId = deliveryIdsOf(id);
    const { accepted, state } = await leads.act(id, stored, () => ({
      type: "record_outcome",
      outcome,
      isOpen: (partner) => routable().partner(partner) === "open",
      deliveryId,
    }));
    mail.ack();
    if (accepted && state.status !== "queued") {
      metrics.endToEndSeconds.observe(Math.max(0, (Date.now() - Date.parse(state.received_at)) / 1_000));
    }
  }

  async function answer({ mail, stored, id }: LeadMail, error: unknown): Promise<void> {
    if (error === undefined) {
      outages = 0;
      tries.delete(stored.id);
      resting.delete(id);
      mail.ack();
      return;
    }
    if (error instanceof Interrupted) {
      mail.nak(0);
      return;
    }
    const about = { lead_id: id, trace_id: stored.metadata.trace };
    const failure = await failureOf(error, health);
    if (failure.type === "outage") {
      waitForOutage([{ mail, stored, id }], error);
      return;
    }
    if (failure.type === "unreadable") {
      parkMail(mail, stored, failure.reason, log);
      return;
    }
    if (failure.type === "resting") {
      if (resting.size < MAX_RESTING || resting.has(id)) {
        resting.add(id);
        mail.nak(failure.forMs);
        return;
      }
      await giveUp("route", `routing service ${failure.service}: too many wait for it`, 0);
      return;
    }
    const { stage, reason, retry = retryAt(failure.stage) } = failure;
    const attempts = (tries.get(stored.id) ?? 0) + 1;
    tries.set(stored.id, attempts);
    if (attempts < retry.maxTries) {
      log.warn({ ...about, stage, reason, attempts }, "lead failed, tried again later");
      metrics.retriesTotal.inc({ stage });
      mail.nak(backoffMs(attempts - 1, retry.backoff));
      return;
    }
    await giveUp(stage, reason, attempts);

    async function giveUp(stage: Stage, reason: string, attempts: number): Promise<void> {
      await leads.act(id, stored, () => ({ type: "dead_letter", stage, reason, attempts }));
      log.error({ ...about, stage, reason, attempts }, "lead dead-lettered");
      tries.delete(stored.id);
      resting.delete(id);
      mail.ack();
    }
  }

  const retryAt = (stage: Stage): Retry => ({
    maxTries: stage === "route" ? maxTries.route : maxTries.identify,
    backoff: RETRY_BACKOFF,
  });

  /** However often it fails, it comes again: no try is used up. */
  async function guarded({ mail, stored, id }: LeadMail, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const failure = await failureOf(error, health);
      if (failure.type === "unreadable") {
        parkMail(mail, stored, failure.reason, log);
      } else {
        log.warn({ err: error, lead_id: id }, "mail failed, it comes again");
        mail.nak(backoffMs(Math.min(mail.deliveries, 6), OUTAGE_BACKOFF));
      }
    }
  }

  return {
    async react(mails) {
      const outcomes = mails.map(outcomeIn);
      const others = mails.filter((_, n) => outcomes[n] === undefined);
      if (others.length > 0) await advanceApart(others);
      await Promise.all(
        mails.map(async (mail, n) => {
          const outcome = outcomes[n];
          if (outcome !== undefined) await guarded(mail, () => recordOutcome(mail, outcome));
        }),
      );
    },
    close: () => asking.close(),
  };
}

const isToRoute = ({ status }: SubmissionState): boolean => status === "received" || status === "identified";

const isToDeliverAgain = ({ status, dead }: SubmissionState): boolean =>
  status === "queued" && dead?.stage === "deliver";
