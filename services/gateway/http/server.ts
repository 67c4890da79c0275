// The gateway's HTTP server without its routes: limits, errors, and how it closes.
import { type FastifyInstance, fastify, LogController } from "fastify";
import type { Log } from "#platform/log.ts";
import { Refused, refusal } from "../refusal.ts";
import { connectionLimits, limitConnections, openFilesAllowed } from "./connections.ts";
import { handleClientError, handleError } from "./errors.ts";
import { handleUnknownRoutes } from "./not-found.ts";
import { parseQuery, type Query } from "./query.ts";
import { describeQueries, zodValidator } from "./route-schema.ts";
import { addSecurityHeaders } from "./security-headers.ts";

/** Of the headers; a body has a deadline of its own, where it is read. */
const HEADERS_MS = 10_000;
/** Of the whole request, however large a batch is. */
const REQUEST_MS = 300_000;
const ADMIN_BODY_BYTES = 1024 * 1024;
const SWEEP_MS = 50;
const NO_HOST = refusal("malformed", { detail: "The request has no header host; send it with one" });

/** `trustProxy`: whose word counts on how a request came to them; nobody's unless told. */
export function createServer(
  log: Log,
  trustProxy: readonly string[] | true | undefined = undefined,
): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request costs more than it is worth.
    childLoggerFactory: (logger) => logger,
    bodyLimit: ADMIN_BODY_BYTES,
    ...(trustProxy !== undefined && { trustProxy: trustProxy === true ? true : [...trustProxy] }),
    requestTimeout: REQUEST_MS,
    forceCloseConnections: "idle",
    http: {
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: 1_000,
      // Node's own response to a request without one would be no problem document.
      requireHostHeader: false,
    },
    frameworkErrors: handleError,
    clientErrorHandler: handleClientError,
    // Nobody reads the ids of requests.
    genReqId: () => "",
    routerOptions: { maxParamLength: 200, querystringParser: parseQuery as (text: string) => Query },
  }) as unknown as FastifyInstance;
  limitConnections(app.server, connectionLimits(openFilesAllowed(), log));
  // An unknown `Expect` may be ignored; Node's own response to one would be no problem document.
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
  app.setErrorHandler(handleError);
  app.setValidatorCompiler(zodValidator());
  app.setSerializerCompiler(() => JSON.stringify);
  // An unknown path is a 404 and not a 415, whatever the content type; real routes have their own parsers.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  addSecurityHeaders(app);
  requireHost(app);
  handleUnknownRoutes(app);
  describeQueries(app);
  app.addHook("preClose", (done) => {
    // A connection that is busy now becomes idle later, and would keep the process alive.
    const sweeping = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    app.server.once("close", () => clearInterval(sweeping));
    done();
  });
  return app;
}

function requireHost(app: FastifyInstance): void {
  app.addHook("onRequest", ({ raw }, _reply, done) => {
    const isMissing = raw.headers.host === undefined && raw.httpVersion !== "1.0";
    done(isMissing ? new Refused(NO_HOST) : undefined);
  });
}
