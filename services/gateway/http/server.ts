// The gateway's HTTP server before anybody has added a route: bounds, errors, and how it ends.
import { type FastifyInstance, fastify, LogController } from "fastify";
import type { Log } from "#platform/log.ts";
import { answerClientError, answerError } from "./errors.ts";
import { answerUnknownRoutes } from "./not-found.ts";

/** Headers must be there within this time. A body has a bound of its own, where it is read. */
const HEADERS_MS = 10_000;
/** A bulk request may take this long altogether. */
const REQUEST_MS = 300_000;
const MOST_CONNECTIONS = 20_000;
const ADMIN_BODY_BYTES = 1024 * 1024;
const SWEEP_MS = 50;

export function createServer(log: Log): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger of its own for each request would cost more than it says.
    childLoggerFactory: (logger) => logger,
    bodyLimit: ADMIN_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: "idle",
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: 1_000 },
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
    // Ids are made where they are needed; nobody reads a request's number.
    genReqId: () => "",
    routerOptions: { maxParamLength: 200 },
  }) as unknown as FastifyInstance;
  app.server.maxConnections = MOST_CONNECTIONS;
  // Expectations that we don't know may be left unmet, and Node's own answer to them is no problem document.
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
  app.setErrorHandler(answerError);
  // A path or method that does not exist is told as that, whatever was sent there; real routes read bodies by themselves.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  answerUnknownRoutes(app);
  app.addHook("preClose", (done) => {
    // A connection that is busy now falls idle later, and would be kept alive past the end of everything else.
    const sweeping = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    app.server.once("close", () => clearInterval(sweeping));
    done();
  });
  return app;
}
