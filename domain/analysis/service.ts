import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { EventOf } from "../event.ts";
import { AnalysisServiceId, type CampaignId } from "../ids.ts";
import { RoutingService } from "../routing-service/service.ts";

// Who says how a reply sounds: how people configure them. Stream: analysis_service.

export const ANALYSIS_SERVICE_STREAM = "analysis_service";

export const Sentiment = z.enum(["positive", "neutral", "negative"]);
export type Sentiment = z.infer<typeof Sentiment>;

export const AnalysisService = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("builtin") }).meta({
    description: "A small list of English words that sound good or bad: enough for a demo, no more",
  }),
  z.strictObject({ type: z.literal("http"), ...RoutingService.shape }),
]);
export type AnalysisService = z.infer<typeof AnalysisService>;

const service = z.object({ service: AnalysisServiceId });

export const analysisServiceEvents = {
  AnalysisServiceConfigured: { version: 1, schema: service.extend({ settings: AnalysisService }) },
  AnalysisServiceRemoved: { version: 1, schema: service },
} as const;
export type AnalysisServiceEvent = EventOf<typeof analysisServiceEvents>;

export type AnalysisServices = ReadonlyMap<string, AnalysisService>;

export type ConfigureAnalysisService =
  | { readonly type: "configure"; readonly service: AnalysisServiceId; readonly settings: AnalysisService }
  | {
      readonly type: "remove";
      readonly service: AnalysisServiceId;
      /** The campaigns with a step that asks it. */
      readonly asked_by: readonly CampaignId[];
    };

export type AnalysisServiceRefusal =
  | { readonly reason: "no_such_service" }
  | { readonly reason: "campaigns_ask_it"; readonly campaigns: readonly CampaignId[] };

export const analysisServices: Decider<
  AnalysisServices,
  ConfigureAnalysisService,
  Decision<AnalysisServiceEvent, AnalysisServiceRefusal>
> = {
  initial: new Map(),
  evolve(services, event) {
    const next = new Map(services);
    switch (event.type) {
      case "AnalysisServiceConfigured":
        return next.set(event.data.service, event.data.settings);
      case "AnalysisServiceRemoved":
        next.delete(event.data.service);
        return next;
    }
  },
  decide(command, services) {
    const { service } = command;
    switch (command.type) {
      case "configure":
        return accept<AnalysisServiceEvent>({
          type: "AnalysisServiceConfigured",
          data: { service, settings: command.settings },
        });
      case "remove":
        if (!services.has(service)) return refuse("no_such_service");
        if (command.asked_by.length > 0)
          return { accepted: false, reason: "campaigns_ask_it", campaigns: command.asked_by };
        return accept<AnalysisServiceEvent>({ type: "AnalysisServiceRemoved", data: { service } });
    }
  },
};

/** What a service answers with; other fields are its own business. */
export const AnalysisAnswer = z.object({ sentiment: Sentiment });
