// Leads that wait for the answer of a routing service. They wait beside the mailbox, so that no other mail waits behind them.
//
// 1. A lead is asked about once at a time: mail that comes again meanwhile is answered with the first.
// 2. Its mail is not acknowledged before the answer is recorded: after a crash the mail comes again, and the service is asked again.
import type { SubmissionId } from "#domain/ids.ts";
import { routeBy } from "#domain/submission/route.ts";
import { every } from "#platform/every.ts";
import type { Metrics } from "#platform/metrics.ts";
import { Interrupted, StageFailure } from "./failure.ts";
import type { ToAsk } from "./identify-and-route.ts";
import { deliveryIdsOf, type Leads } from "./leads.ts";
import type { LeadMail } from "./read-mail.ts";
import type { AskService } from "./routing-services.ts";
import type { RoutableNow } from "./routing-view.ts";

export interface AskingParts {
  readonly leads: Leads;
  readonly routable: () => RoutableNow;
  readonly askService: AskService;
  readonly metrics: Metrics;
  readonly lost: AbortSignal;
  /** Acknowledges the mail, or has it come again, or ends the lead, as the error says. */
  readonly answer: (mail: LeadMail, error: unknown) => Promise<void>;
}

export interface Asking {
  /** Returns at once. */
  ask(mail: LeadMail, toAsk: ToAsk): void;
  close(): Promise<void>;
}

const STILL_WORKING_EVERY_MS = 500;

export function openAsking({ leads, routable, askService, metrics, lost, answer }: AskingParts): Asking {
  const waiting = new Map<SubmissionId, LeadMail[]>();
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  const signal = AbortSignal.any([lost, closing.signal]);
  const endWorking = every({
    ms: STILL_WORKING_EVERY_MS,
    work() {
      if (lost.aborted) return;
      for (const mails of waiting.values()) for (const { mail } of mails) mail.working();
    },
  });

  async function decide(toAsk: ToAsk): Promise<void> {
    const { lead, cause, service, settings, rule, facts, rules, sealed } = toAsk;
    const { id } = lead.state;
    const { partner } = routable();
    const trace = cause.metadata.trace ?? id.replaceAll("-", "");
    const partnerExists = (one: Parameters<typeof partner>[0]): boolean => partner(one) !== "unknown";
    const question = { id, rule, facts };
    const asked = await askService(service, settings, { question, trace, partnerExists }, signal);
    if (signal.aborted) throw new Interrupted();
    const circumstances = { ...toAsk.circumstances, at: new Date().toISOString(), asked };
    const routing = routeBy({ ...rules, partner: routable().partner }, circumstances, facts);
    if ("blocked" in routing) throw new StageFailure("route", routing.blocked);
    if ("ask" in routing) throw new Error(`rule ${rule} asks ${routing.ask} although it has answered`);
    const deliveryId = deliveryIdsOf(id);
    const told = sealed === undefined ? {} : { sealed };
    await leads.act(id, cause, () => ({ type: "route", routing, ...told, deliveryId }), lead);
    metrics.stageSeconds.observe({ stage: "route" }, secondsSince(cause.metadata.at));
  }

  async function work(id: SubmissionId, toAsk: ToAsk): Promise<void> {
    const error = await decide(toAsk).then(
      () => undefined,
      (failed: unknown) => failed,
    );
    const mails = waiting.get(id) ?? [];
    waiting.delete(id);
    // Whoever takes over finds the mail where it is.
    for (const mail of mails) await answer(mail, error).catch(() => mail.mail.nak(0));
  }

  return {
    ask(mail, toAsk) {
      const already = waiting.get(mail.id);
      if (already !== undefined) {
        already.push(mail); // 1
        return;
      }
      waiting.set(mail.id, [mail]);
      const working = work(mail.id, toAsk);
      underWay.add(working);
      void working.finally(() => underWay.delete(working));
    },
    async close() {
      endWorking();
      closing.abort();
      await Promise.all(underWay);
    },
  };
}

const secondsSince = (at: string): number => Math.max(0, (Date.now() - Date.parse(at)) / 1_000);
