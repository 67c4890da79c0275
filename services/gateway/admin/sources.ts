// /api/sources: who may send, with which secrets.
import { z } from "zod";
import { SourceId } from "#domain/ids.ts";
import { SECRETS_KEY, sourceContext } from "#domain/seal-contexts.ts";
import { RateLimit, SourceSettings } from "#domain/source/events.ts";
import type { SourceRefusal } from "#domain/source/source.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { newSecret } from "#platform/webhooks.ts";
import {
  describeScope,
  noContent,
  type Routes,
  requestSchemas,
  responseSchemas,
} from "../http/route-schema.ts";
import { isCountryCode } from "../intake/countries.ts";
import { configuredSources, type KnownSources } from "../intake/sources.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { changer } from "./change.ts";
import { notFound } from "./scope.ts";

export interface SourceRoutesParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly view: LiveView<KnownSources>;
}

export const Source = SourceSettings.extend({
  id: SourceId,
  secrets: z.array(z.object({ id: z.string() })),
}).register(responseSchemas, { id: "Source" });
export const Sources = z.object({ items: z.array(Source) }).register(responseSchemas, { id: "Sources" });
export const NewSecret = z
  .object({ id: z.string(), secret: z.string() })
  .register(responseSchemas, { id: "NewSecret" });
/** As it may be configured: what an older event said besides is read past, what somebody says now is not. */
const SourceChange = z
  .strictObject({
    ...SourceSettings.shape,
    default_country: z
      .string()
      .refine(isCountryCode, "must be the ISO 3166-1 alpha-2 code of a country, such as US")
      .optional()
      .meta({ description: "Where a phone number is from that comes without a country", examples: ["US"] }),
    rate_limit: z.strictObject(RateLimit.shape).optional(),
  })
  .register(requestSchemas, { id: "SourceChange" });

const params = z.object({ id: SourceId });

export function sourceRoutes({ eventStore, vault, view }: SourceRoutesParts): Routes {
  const change = changer(eventStore, configuredSources, view, ({ reason }) => refusals[reason]);

  return async (app) => {
    describeScope(app, () => ({ tags: ["Sources"] }));

    app.get("/api/sources", { schema: { summary: "All sources", response: { 200: Sources } } }, async () => {
      return { items: [...view.current()].map(([id, source]) => shown(id, source)) };
    });

    app.get(
      "/api/sources/:id",
      { schema: { summary: "One source", params, response: { 200: Source } } },
      async ({ params: { id } }) => shown(id, view.current().get(id)),
    );

    app.put(
      "/api/sources/:id",
      { schema: { summary: "Configure a source", params, body: SourceChange, response: { 200: Source } } },
      async (request, reply) => {
        const source = request.params.id;
        const sources = await change({ type: "configure", source, settings: request.body }, reply);
        return shown(source, sources.get(source));
      },
    );

    app.delete(
      "/api/sources/:id",
      { schema: { summary: "Remove a source", params, response: noContent } },
      async (request, reply) => {
        await change({ type: "remove", source: request.params.id }, reply);
        return reply.code(204).send();
      },
    );

    app.post(
      "/api/sources/:id/secrets",
      {
        schema: {
          summary: "Make a secret; it is shown this once",
          params,
          response: { 201: NewSecret },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const source = request.params.id;
        const [secret_id, secret] = [newUuid(), newSecret()];
        const sealed = await vault.seal(SECRETS_KEY, secret, sourceContext(source));
        await change({ type: "add_secret", source, secret_id, sealed }, reply);
        return reply.code(201).send({ id: secret_id, secret });
      },
    );

    app.delete(
      "/api/sources/:id/secrets/:secret_id",
      {
        schema: {
          summary: "Remove a secret",
          params: params.extend({ secret_id: z.string().min(1) }),
          response: noContent,
        },
      },
      async (request, reply) => {
        const { id: source, secret_id } = request.params;
        await change({ type: "remove_secret", source, secret_id }, reply);
        return reply.code(204).send();
      },
    );
  };
}

/** A secret is shown once, when it is made; from then on only its id. */
function shown(
  id: string,
  source: { readonly settings: SourceSettings; readonly secrets: ReadonlyMap<string, unknown> } | undefined,
): object {
  if (source === undefined) throw notFound();
  return { id, ...source.settings, secrets: [...source.secrets.keys()].map((secret) => ({ id: secret })) };
}

const refusals: Readonly<Record<SourceRefusal, Refusal>> = {
  already_registered: refusal("conflict"),
  no_such_source: refusal("not_found"),
  no_such_secret: refusal("not_found"),
  too_many_secrets: refusal("conflict", { detail: "A source has at most 8 secrets; remove one first" }),
};
