// GET /openapi.json, /asyncapi.json and /docs; and what there is to say about the routes that every role has.
import type { FastifyReply, FastifySchema } from "fastify";
import { z } from "zod";
import { type OpsOptions, opsRoutes } from "#platform/ops-server.ts";
import { sendRefusal } from "../http/problem.ts";
import { describeScope, type Routes, responseSchemas } from "../http/route-schema.ts";
import { POLICY } from "../http/security-headers.ts";
import { refusal } from "../refusal.ts";
import { asyncApi } from "./asyncapi.ts";
import { docsPage, type OpenApi, STYLE_HASH } from "./docs-page.ts";

const anyObject = z.looseObject({});
const text = (type: string) => ({ content: { [type]: { schema: z.string() } } });

export const describeRoutes: Routes = async (app) => {
  describeScope(app, () => ({ tags: ["Operations"], security: [] }));
  const nats = asyncApi();

  app.get(
    "/openapi.json",
    { schema: { summary: "This description, as OpenAPI 3.1", response: { 200: anyObject } } },
    () => app.swagger(),
  );
  app.get(
    "/asyncapi.json",
    { schema: { summary: "What NATS carries, as AsyncAPI 3", response: { 200: anyObject } } },
    () => nats,
  );
  app.get(
    "/docs",
    { schema: { summary: "This description, to read", response: { 200: text("text/html") } } },
    (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", `${POLICY}; style-src ${STYLE_HASH}`)
        .send(docsPage(app.swagger() as unknown as OpenApi)),
  );
};

export const Readiness = z
  .object({
    ready: z.boolean(),
    dependencies: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
  })
  .register(responseSchemas, { id: "Readiness" });

const opsSchemas: Readonly<Record<string, FastifySchema>> = {
  "/livez": { summary: "Whether the process lives", response: { 200: anyObject } },
  "/readyz": {
    summary: "Whether it can do its work, dependency by dependency",
    response: { 200: Readiness, 503: Readiness },
  },
  "/metrics": {
    summary: "Figures of all processes, for Prometheus",
    response: { 200: text("text/plain") },
    refusals: ["unauthorized"],
  },
};

const NO_METRICS_TOKEN = refusal("unauthorized", {
  detail: "Send authorization: Bearer with the METRICS_TOKEN that the gateway was started with",
});

export function describedOps(options: OpsOptions): Routes {
  const refuse = (reply: FastifyReply): FastifyReply => sendRefusal(reply, NO_METRICS_TOKEN);
  return async (app) => {
    describeScope(app, ({ url }) => ({ tags: ["Operations"], security: [], ...opsSchemas[url] }));
    await app.register(opsRoutes({ ...options, refuse }));
  };
}
