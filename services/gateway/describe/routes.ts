// GET /openapi.json, /asyncapi.json and /docs.
import type { FastifyPluginAsync } from "fastify";
import { asyncApi } from "./asyncapi.ts";
import { docsPage } from "./docs-page.ts";
import { openApi } from "./openapi.ts";

export function describeRoutes(): FastifyPluginAsync {
  return async (app) => {
    const document = openApi();
    const [http, nats, page] = [JSON.stringify(document), JSON.stringify(asyncApi()), docsPage(document)];
    app.get("/openapi.json", (_request, reply) => reply.type("application/json").send(http));
    app.get("/asyncapi.json", (_request, reply) => reply.type("application/json").send(nats));
    app.get("/docs", (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
        .send(page),
    );
  };
}
