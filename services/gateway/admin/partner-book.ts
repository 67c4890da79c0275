// The partners as they are configured now: a live view, and the fold that both it and the admin's changes stand on.
import { accept, type Decision, refuse, type Sealed } from "#domain/event.ts";
import type { PartnerId } from "#domain/ids.ts";
import {
  PARTNER_CONFIG_PREFIX,
  type PartnerConfig,
  type PartnerConfigEvent,
  partnerConfigEvents,
} from "#domain/partner/config.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

export interface Configured {
  readonly config: PartnerConfig;
  readonly sealed_secret: Sealed | undefined;
  readonly paused: boolean;
}

/** Undefined before it is configured and after it is removed. */
export type ConfiguredState = Configured | undefined;

export type PartnerBook = ReadonlyMap<PartnerId, Configured>;

export const partnerConfigCodec = createCodec(partnerConfigEvents);

export function evolve(state: ConfiguredState, event: PartnerConfigEvent): ConfiguredState {
  switch (event.type) {
    case "PartnerConfigured": {
      const { config, sealed_secret } = event.data;
      return { config, sealed_secret, paused: state?.paused ?? false };
    }
    case "PartnerPaused":
      return state && { ...state, paused: true };
    case "PartnerResumed":
      return state && { ...state, paused: false };
    case "PartnerRemoved":
      return undefined;
  }
}

/** Only what exists can be paused, resumed or removed. */
export function decideFor(
  state: ConfiguredState,
  event: PartnerConfigEvent,
): Decision<PartnerConfigEvent, "no_such_partner"> {
  return state === undefined ? refuse("no_such_partner") : accept(event);
}

export function followPartners({ eventStore, lifecycle, log }: Yard): Promise<LiveView<PartnerBook>> {
  return liveView<PartnerBook, PartnerConfigEvent>({
    name: "partners",
    prefixes: [PARTNER_CONFIG_PREFIX],
    eventStore: eventStore(),
    codec: partnerConfigCodec,
    initial: new Map(),
    evolve: (book, event) => {
      const next = new Map(book);
      const state = evolve(book.get(event.data.partner), event);
      if (state === undefined) next.delete(event.data.partner);
      else next.set(event.data.partner, state);
      return next;
    },
    lifecycle,
    log,
  });
}
