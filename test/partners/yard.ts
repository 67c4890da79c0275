// Partner actors on real parts: a test routes submissions to simulated partners and watches what is written and received.
import type { Sealed } from "#domain/event.ts";
import { DeliveryId, PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, PartnerConfig, partnerConfigEvents } from "#domain/partner/config.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createSimulator } from "../../services/simulator/app.ts";
import { until } from "../harness/wait.ts";
import { sealedConfig, startTestYard, type TestYard } from "../leads/yard.ts";
import { type Routed, routeTo } from "./route.ts";

const codec = createCodec({ ...submissionEvents, ...partnerConfigEvents });

export interface PartnerYard extends TestYard {
  readonly simulatorUrl: string;
  /** Configures the partner to be called at the simulator, unless `settings` say otherwise; `secret` is what it is signed with. */
  configure(id: string, settings?: Record<string, unknown>): Promise<PartnerId>;
  tell(
    partner: PartnerId,
    type: "PartnerPaused" | "PartnerResumed" | "PartnerRemoved",
    drain?: "next" | "dead_letter",
  ): Promise<void>;
  /** How the simulated partner behaves from now on. */
  behave(id: string, settings: object): Promise<void>;
  effects(id: string): Promise<{ ids: number; effects: number; max: number; max_requests: number }>;
  /** What the simulated partner received last. */
  requests(id: string): Promise<{ headers: Record<string, string>; body: string }[]>;
  /** What the lead's actor writes when the rules have decided. */
  route(
    partner: PartnerId,
    payload?: Record<string, unknown>,
    remaining?: readonly PartnerId[],
  ): Promise<Routed>;
  /** The partner's stream, or what it says about one delivery. */
  partnerHistory(partner: PartnerId, about?: Routed): Promise<StoredEvent[]>;
  /** Waits until the newest event about the delivery is of this type. */
  becomes(about: Routed, type: string, deadlineMs?: number): Promise<StoredEvent[]>;
  /** The reason in the partner's own words, opened. */
  toldIn(event: StoredEvent | undefined): Promise<unknown>;
}

export const dataOf = (event: StoredEvent | undefined): Record<string, unknown> =>
  (event?.data ?? {}) as Record<string, unknown>;

export async function startPartnerYard(...options: Parameters<typeof startTestYard>): Promise<PartnerYard> {
  const [yard, simulator] = await Promise.all([startTestYard(...options), createSimulator()]);
  const eventStore = yard.own.eventStore();
  const vault = await yard.own.vault();
  const meta = () => ({ id: newUuid(), at: new Date().toISOString() });
  const asked = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${simulator.url}${path}`, init);
    if (!response.ok) throw new Error(`the simulator refused: ${await response.text()}`);
    return response.json();
  };

  const partnerHistory: PartnerYard["partnerHistory"] = async (partner, about) => {
    const events = await eventStore.readStream(partnerStream(partner));
    return events.filter(
      ({ data }) => about === undefined || (data as Partial<Routed>).delivery_id === about.delivery_id,
    );
  };

  return {
    ...yard,
    simulatorUrl: simulator.url,
    partnerHistory,
    async configure(id, { secret, ...settings } = {}) {
      const partner = PartnerId.parse(id);
      const config = PartnerConfig.parse({
        name: id,
        delivery: { type: "http", url: `${simulator.url}/partners/${id}`, timeout_ms: 20_000 },
        retry: { max_attempts: 3, base_ms: 20, max_ms: 100 },
        circuit: { failure_threshold: 100, open_ms: 300 },
        ...settings,
      });
      // Not parsed, so that a test can store one that the API would refuse.
      const delivery = { ...config.delivery, ...(secret !== undefined && { secret }) };
      const data = await sealedConfig(vault, partner, { ...config, delivery } as PartnerConfig);
      const event = codec.encode({ type: "PartnerConfigured", data }, meta());
      await eventStore.append(PARTNER_CONFIG_STREAM, "any", [event]);
      return partner;
    },
    async tell(partner, type, drain = "next") {
      const told =
        type === "PartnerRemoved" ? { type, data: { partner, drain } } : { type, data: { partner } };
      const event = codec.encode(told, meta());
      await eventStore.append(PARTNER_CONFIG_STREAM, "any", [event]);
    },
    async behave(id, settings) {
      await asked(`/partners/${id}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(settings),
      });
    },
    effects: (id) => asked(`/partners/${id}/effects`) as ReturnType<PartnerYard["effects"]>,
    async requests(id) {
      const { items } = (await asked(`/partners/${id}/requests`)) as {
        items: { headers: Record<string, string>; body: string }[];
      };
      return items;
    },
    route: (partner, payload, remaining) => routeTo({ eventStore, vault }, partner, payload, remaining),
    becomes: (about, type, deadlineMs) =>
      until(
        `the delivery to ${about.partner} becomes ${type}`,
        async () => {
          const events = await partnerHistory(about.partner, about);
          if (events.at(-1)?.type === type) return events;
          throw new Error(`its history is ${events.map((event) => event.type).join(", ") || "empty"}`);
        },
        deadlineMs,
      ),
    async toldIn(event) {
      const { delivery_id, sealed_reason } = dataOf(event);
      const context = deliveryContext(DeliveryId.parse(delivery_id));
      return sealed_reason === undefined ? undefined : vault.open(sealed_reason as Sealed, context);
    },
    async stop() {
      await yard.stop();
      await simulator.close();
    },
  };
}
