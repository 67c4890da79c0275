import type { PartnerId } from "#domain/ids.ts";
import {
  PARTNER_CONFIG_PREFIX,
  type PartnerConfigEvent,
  partnerConfigEvents,
} from "#domain/partner/config.ts";
import { inOrder } from "#domain/rules/evaluate.ts";
import { RULESET_STREAM, type RulesetEvent, rulesetEvents } from "#domain/rules/events.ts";
import type { PartnerState, Routable } from "#domain/submission/route.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

interface Rulebook {
  readonly rules: Routable["rules"];
  readonly version: number;
  readonly partners: ReadonlyMap<PartnerId, PartnerState>;
}

function evolve(book: Rulebook, event: RulesetEvent | PartnerConfigEvent): Rulebook {
  switch (event.type) {
    case "RulesetChanged":
      return { ...book, rules: inOrder(event.data.rules), version: event.data.version };
    case "PartnerConfigured":
      return withPartner(book, event.data.partner, event.data.config.enabled ? "open" : "disabled");
    case "PartnerRemoved":
      return withPartner(book, event.data.partner, "unknown");
    case "PartnerPaused":
    case "PartnerResumed":
      return book;
  }
}

function withPartner(book: Rulebook, partner: PartnerId, state: PartnerState): Rulebook {
  return { ...book, partners: new Map(book.partners).set(partner, state) };
}

/** The rules in force and who takes submissions, kept up to date from the log. */
export async function routingView(yard: Yard): Promise<() => Routable> {
  const view = await liveView<Rulebook, RulesetEvent | PartnerConfigEvent>({
    name: "routing",
    prefixes: [RULESET_STREAM, PARTNER_CONFIG_PREFIX],
    eventStore: yard.eventStore(),
    codec: createCodec({ ...rulesetEvents, ...partnerConfigEvents }),
    initial: { rules: [], version: 0, partners: new Map() },
    evolve,
    lifecycle: yard.lifecycle,
    log: yard.log,
  });
  return () => {
    const { rules, version, partners } = view.current();
    return { rules, version, partner: (id) => partners.get(id) ?? "unknown" };
  };
}
