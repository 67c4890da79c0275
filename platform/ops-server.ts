// The routes that operators and their tools ask: is it alive, is it ready, what are its figures.
import { type FastifyPluginAsync, fastify } from "fastify";
import type { Health } from "./health.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Metrics } from "./metrics.ts";

export interface OpsOptions {
  readonly health: Health;
  readonly metrics: Metrics;
}

/** For `app.register(opsRoutes({ health, metrics }))`: /livez, /readyz and /metrics. */
export function opsRoutes({ health, metrics }: OpsOptions): FastifyPluginAsync {
  return async (app) => {
    app.get("/livez", { logLevel: "silent" }, () => ({ alive: true }));
    app.get("/readyz", { logLevel: "silent" }, async (_request, reply) => {
      const readiness = await health.ready();
      return reply.code(readiness.ready ? 200 : 503).send(readiness);
    });
    app.get("/metrics", { logLevel: "silent" }, async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
  };
}

export interface OpsServerOptions extends OpsOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly lifecycle: Lifecycle;
}

/** For a role that runs alone, without the gateway's server. */
export async function startOpsServer({
  host,
  port,
  lifecycle,
  ...ops
}: OpsServerOptions): Promise<{ readonly url: string }> {
  const app = fastify({ forceCloseConnections: true });
  await app.register(opsRoutes(ops));
  const url = await app.listen({ host, port });
  lifecycle.own("ops server", () => app.close());
  return { url };
}
