// Partners on loopback, for the demo, the tests and the load: each behaves as it is configured and counts what it was sent.
import { setTimeout as delay } from "node:timers/promises";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { parseSecret } from "#platform/webhooks.ts";
import type { StartStandalone } from "#platform/yard.ts";
import { type Answer, type Settings, settingsSchema } from "./behaviour.ts";
import { crmRoutes } from "./crm.ts";
import { createAllEffects } from "./effects.ts";
import { openMailServer } from "./mail-server.ts";
import { createPartner, type Partner, type Received } from "./partner.ts";

export interface SimulatorOptions {
  readonly host?: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Another seed gives other failures, at the same rates. */
  readonly seed?: string;
  /** How many ids are remembered one by one, over all partners. */
  readonly maxIds?: number;
}

export interface Simulator {
  readonly app: FastifyInstance;
  readonly url: string;
  /** Where e-mail for partners is taken: smtp://host:port. */
  readonly smtpUrl: string;
  close(): Promise<void>;
}

const MAX_PARTNERS = 1_000;
const MAX_BODY_BYTES = 1_048_576;
const CLOSE_MS = 500;
const nameSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "a name is 1 to 64 letters, digits, - or _");
const effectsQuery = z.strictObject({
  id: z.string().optional(),
  min: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(100_000).default(1_000),
});

type Named = { Params: { name: string } };

export const startSimulator: StartStandalone = async ({ config, lifecycle, log }) => {
  // Whoever reaches it decides what partners answer, so HOST does not open it.
  const { simulatorHost: host = "127.0.0.1", simulatorPort: port } = config;
  const { url, close } = await createSimulator({ host, port });
  lifecycle.own("simulator", close);
  log.info({ url }, "simulated partners listening");
  return { url };
};

export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = "127.0.0.1", port = 0, seed = "switchyard", maxIds = 200_000 } = options;
  // No logging per request: under load it would be the most expensive thing this server does.
  const app = fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: "idle" });
  const allEffects = createAllEffects(maxIds);
  const closing = new AbortController();
  const partners = new Map<string, Partner>();

  function partnerOf(name: string): Partner {
    const known = partners.get(name);
    if (known !== undefined) return known;
    if (partners.size >= MAX_PARTNERS) throw new Refused(409, `there are ${MAX_PARTNERS} partners already`);
    const partner = createPartner(parsed(nameSchema, name), seed, allEffects.open());
    partners.set(name, partner);
    return partner;
  }

  function forget(name: string): void {
    const partner = partners.get(name);
    if (partner !== undefined) allEffects.close(partner.effects);
    partners.delete(name);
  }

  const shown = (name: string, partner: Partner): object => {
    const { secret, ...settings } = partner.settings;
    return { name, settings: { ...settings, signed: secret !== undefined }, ...partner.totals() };
  };

  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof Refused ? error.status : statusOf(error);
    const detail = status < 500 && error instanceof Error ? error.message : "the simulator failed";
    return reply.code(status).type("application/problem+json").send({ title: "Refused", status, detail });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.post<Named>("/partners/:name", async (request, reply) => {
    const partner = partnerOf(request.params.name);
    const settings = overridden(partner.settings, request);
    reply.raw.once("close", () => partner.leave());
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const received: Received = { headers: request.headers, body, at: Date.now() };
    return send(reply, partner.receive(received, settings), closing.signal);
  });

  // An incoming webhook as Slack has them: words instead of JSON, and no secret but the URL.
  app.post<Named>("/slack/:name", async (request, reply) => {
    const partner = partnerOf(request.params.name);
    reply.raw.once("close", () => partner.leave());
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const answer = partner.receive({ headers: request.headers, body, at: Date.now() });
    if (answer.kind === "answer") reply.type("text/plain");
    return send(reply, isSlackMessage(body) ? inWords(answer) : INVALID_PAYLOAD, closing.signal);
  });

  crmRoutes(app);

  app.get("/smtp", async () => ({ url: mail.url }));

  app.put<Named>("/partners/:name", async (request) => {
    const settings = settingsFrom(jsonOf(request.body));
    const partner = partnerOf(request.params.name);
    partner.settings = settings;
    return shown(request.params.name, partner);
  });

  app.get("/partners", async () => ({ items: [...partners].map(([name, partner]) => shown(name, partner)) }));
  app.get<Named>("/partners/:name", async ({ params: { name } }) => shown(name, partnerOf(name)));

  app.get<Named>("/partners/:name/effects", async ({ params: { name }, query }) => {
    const { id, min, limit } = parsed(effectsQuery, query);
    const { effects } = partnerOf(name);
    const items = id === undefined ? effects.entries(min, limit) : [{ id, ...effects.get(id) }];
    return { ...effects.summary(), items };
  });

  app.get<Named>("/partners/:name/requests", async ({ params: { name } }) => ({
    items: partnerOf(name)
      .last()
      .map(({ headers, body, at }) => ({ at: new Date(at).toISOString(), headers, body: body.toString() })),
  }));

  app.delete<Named>("/partners/:name", async ({ params: { name } }, reply) => {
    forget(name);
    return reply.code(204).send();
  });
  app.delete("/partners", async (_request, reply) => {
    for (const name of [...partners.keys()]) forget(name);
    return reply.code(204).send();
  });

  const url = await app.listen({ host, port });
  const mail = await openMailServer({
    host,
    // Beside the other, so that it stays where it was for as long as that does.
    port: Number(new URL(url).port) + 1,
    receive: (name, received) => partnerOf(name).receive(received),
    leave: (name) => partnerOf(name).leave(),
  });
  return {
    app,
    url,
    smtpUrl: mail.url,
    async close() {
      closing.abort();
      await mail.close();
      // What was being delayed is answered now; who has no answer by then never gets one.
      setTimeout(() => app.server.closeAllConnections(), CLOSE_MS).unref();
      await app.close();
    },
  };
}

type Answered = Extract<Answer, { kind: "answer" }>;
type InWords = Exclude<Answer, Answered> | (Omit<Answered, "body"> & { readonly body: string });

const INVALID_PAYLOAD: InWords = {
  kind: "answer",
  processed: false,
  status: 400,
  body: "invalid_payload",
  delayMs: 0,
};

function isSlackMessage(body: Buffer): boolean {
  try {
    const message = JSON.parse(body.toString()) as { text?: unknown; blocks?: unknown };
    return typeof message.text === "string" || Array.isArray(message.blocks);
  } catch {
    return false;
  }
}

function inWords(answer: Answer): InWords {
  if (answer.kind !== "answer") return answer;
  const { status, body } = answer;
  return { ...answer, body: status < 300 ? "ok" : `${body.reason}`.replaceAll(" ", "_") };
}

class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function send(reply: FastifyReply, answer: Answer | InWords, closing: AbortSignal): Promise<unknown> {
  if (answer.delayMs > 0) await delay(answer.delayMs, undefined, { signal: closing }).catch(() => {});
  switch (answer.kind) {
    case "answer":
      if (answer.retryAfterS !== undefined) reply.header("retry-after", answer.retryAfterS);
      return reply.code(answer.status).send(answer.body);
    case "half_json":
      return reply.code(200).type("application/json").send('{"status":"accep');
    case "not_http":
      reply.hijack();
      return reply.raw.socket?.end("who is there?\r\n\r\n");
    case "reset":
      reply.hijack();
      return reply.raw.socket?.resetAndDestroy();
    case "hang":
      return reply.hijack();
  }
}

/** The partner's settings with what the query of this one request says instead. */
function overridden(settings: Settings, { query, url }: FastifyRequest): Settings {
  return url.includes("?") ? settingsFrom({ ...settings, ...(query as object) }) : settings;
}

function settingsFrom(given: unknown): Settings {
  const settings = parsed(settingsSchema, given);
  try {
    if (settings.secret !== undefined) parseSecret(settings.secret);
  } catch (error) {
    throw new Refused(422, String(error));
  }
  return settings;
}

function parsed<T>(schema: z.ZodType<T>, given: unknown): T {
  const result = schema.safeParse(given);
  if (!result.success) throw new Refused(422, z.prettifyError(result.error));
  return result.data;
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString() : "{}");
  } catch {
    throw new Refused(400, "the body is not JSON");
  }
}

function statusOf(error: unknown): number {
  return error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
}
