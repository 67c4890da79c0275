// 404 for unknown paths, to a browser as a page; 405 for known paths with another method.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { refusal } from "../refusal.ts";
import { NOT_FOUND_PAGE, NOT_FOUND_POLICY, wantsPage } from "./not-found-page.ts";
import { sendRefusal } from "./problem.ts";

export function handleUnknownRoutes(app: FastifyInstance): void {
  const routes: { readonly url: string; readonly pattern: RegExp; readonly methods: readonly string[] }[] =
    [];
  app.addHook("onRoute", ({ url, method }: RouteOptions) => {
    const methods = Array.isArray(method) ? method : [method];
    routes.push({ url, pattern: asPattern(url), methods });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const matching = routes.filter(({ pattern }) => pattern.test(path));
    // A path that stands there by its own name is nobody's id.
    const named = matching.filter(({ url }) => url === path);
    const allowed = new Set((named.length > 0 ? named : matching).flatMap((one) => one.methods));
    if (allowed.size === 0) return sendNotFound(request, reply);
    return sendRefusal(reply.header("allow", [...allowed].join(", ")), refusal("method_not_allowed"));
  });
}

function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header("vary", "accept");
  if (!wantsPage(request.method, request.headers.accept)) return sendRefusal(reply, refusal("not_found"));
  return reply
    .code(404)
    .header("content-security-policy", NOT_FOUND_POLICY)
    .type("text/html; charset=utf-8")
    .send(NOT_FOUND_PAGE);
}

function asPattern(url: string): RegExp {
  const escaped = url.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/:\w+/g, "[^/]+").replace(/\*/g, ".*")}$`);
}
