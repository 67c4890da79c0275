// The routes that operators and their tools ask: is it alive, is it ready, what are its figures.
import type { FastifyPluginAsync } from "fastify";
import type { Health } from "./health.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Metrics } from "./metrics.ts";

export interface OpsOptions {
  readonly health: Health;
  readonly metrics: Metrics;
}

/** For `app.register(opsRoutes({ health, metrics }))`: /livez, /readyz and /metrics. */
export function opsRoutes(_options: OpsOptions): FastifyPluginAsync {
  throw new Error("not yet");
}

export interface OpsServerOptions extends OpsOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly lifecycle: Lifecycle;
}

/** For a role that runs alone, without the gateway's server. */
export function startOpsServer(_options: OpsServerOptions): Promise<{ readonly url: string }> {
  throw new Error("not yet");
}
