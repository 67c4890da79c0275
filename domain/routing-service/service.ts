import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { EventOf } from "../event.ts";
import { RoutingServiceId, type RuleId } from "../ids.ts";

// Services outside that a rule may ask where a submission goes: how people configure them. Stream: routing_service.

export const ROUTING_SERVICE_STREAM = "routing_service";

const positive = z.int().positive();
const MAX_URL = 2_048;

export const RoutingService = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(MAX_URL)
    .refine(hasNoPassword, "must not have a user or password in it"),
  timeout_ms: positive.max(30_000).default(5_000),
  retry: z
    .strictObject({
      max_attempts: positive.max(20).default(3),
      base_ms: positive.max(60_000).default(500),
      max_ms: positive.max(600_000).default(60_000),
    })
    .prefault({}),
  concurrency: positive.max(1_000).default(16).meta({ description: "Calls at the same time by one process" }),
});
export type RoutingService = z.infer<typeof RoutingService>;

function hasNoPassword(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password } = new URL(url);
  return username + password === "";
}

const service = z.object({ service: RoutingServiceId });

export const routingServiceEvents = {
  RoutingServiceConfigured: { version: 1, schema: service.extend({ settings: RoutingService }) },
  RoutingServiceRemoved: { version: 1, schema: service },
} as const;

export type RoutingServiceEvent = EventOf<typeof routingServiceEvents>;

export type RoutingServices = ReadonlyMap<string, RoutingService>;

export type ConfigureRoutingService =
  | { readonly type: "configure"; readonly service: RoutingServiceId; readonly settings: RoutingService }
  /** `asked_by`: the rules that ask it. */
  | { readonly type: "remove"; readonly service: RoutingServiceId; readonly asked_by: readonly RuleId[] };

export type RoutingServiceRefusal =
  | { readonly reason: "no_such_service" }
  | { readonly reason: "rules_ask_it"; readonly rules: readonly RuleId[] };

type Decided = Decision<RoutingServiceEvent, RoutingServiceRefusal>;

export const routingServices: Decider<RoutingServices, ConfigureRoutingService, Decided> = {
  initial: new Map(),
  evolve(services, event) {
    const next = new Map(services);
    switch (event.type) {
      case "RoutingServiceConfigured":
        return next.set(event.data.service, event.data.settings);
      case "RoutingServiceRemoved":
        next.delete(event.data.service);
        return next;
    }
  },
  decide(command, services) {
    const { service } = command;
    switch (command.type) {
      case "configure":
        return accept<RoutingServiceEvent>({
          type: "RoutingServiceConfigured",
          data: { service, settings: command.settings },
        });
      case "remove":
        if (!services.has(service)) return refuse("no_such_service");
        if (command.asked_by.length > 0)
          return { accepted: false, reason: "rules_ask_it", rules: command.asked_by };
        return accept<RoutingServiceEvent>({ type: "RoutingServiceRemoved", data: { service } });
    }
  },
};

/** What a service is sent, as JSON. */
export interface RoutingQuestion {
  readonly id: string;
  readonly rule: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What it answers with; other fields are its own business. */
export const RoutingAnswer = z.object({ partner: z.string(), reason: z.string().optional() });
