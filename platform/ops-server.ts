// The routes that operators and their tools ask: is it alive, is it ready, what are its figures.
import { type FastifyPluginAsync, type FastifyReply, fastify } from "fastify";
import { bearerCheck } from "./bearer.ts";
import type { Health } from "./health.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Metrics } from "./metrics.ts";

export interface OpsOptions {
  readonly health: Health;
  readonly metrics: Metrics;
  /** What /metrics shows instead of this process's figures alone. */
  readonly figures?: (() => Promise<string>) | undefined;
  /** What a scraper has to show; anybody sees the figures where it is undefined. */
  readonly metricsToken?: string | undefined;
  /** Answers a scraper that shows no token, or another. */
  readonly refuse?: (reply: FastifyReply) => FastifyReply;
}

/** For `app.register(opsRoutes({ health, metrics }))`: /livez, /readyz and /metrics. */
export function opsRoutes(options: OpsOptions): FastifyPluginAsync {
  const { health, metrics, metricsToken, refuse = refusePlainly } = options;
  const { figures = () => metrics.registry.metrics() } = options;
  const mayScrape = metricsToken === undefined ? () => true : bearerCheck(metricsToken);
  return async (app) => {
    app.get("/livez", { logLevel: "silent" }, () => ({ alive: true }));
    app.get("/readyz", { logLevel: "silent" }, async (_request, reply) => {
      const readiness = await health.ready();
      return reply.code(readiness.ready ? 200 : 503).send(readiness);
    });
    app.get("/metrics", { logLevel: "silent" }, async (request, reply) => {
      if (!mayScrape(request.headers.authorization)) return refuse(reply);
      return reply.type(metrics.registry.contentType).send(await figures());
    });
  };
}

const refusePlainly = (reply: FastifyReply): FastifyReply =>
  reply
    .code(401)
    .header("www-authenticate", "Bearer")
    .send({ error: "METRICS_TOKEN is needed as bearer token" });

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
