// /api/partners: their configuration, state and counts.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, type PartnerConfig } from "#domain/partner/config.ts";
import { type ConfigError, check } from "#domain/partner/config-error.ts";
import { configErrors } from "#domain/partner/config-errors.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import {
  type Delivery,
  type ShownDelivery,
  urlsOf,
  withKeptSecrets,
} from "#domain/partner/delivery-config.ts";
import { rulesRoutingTo } from "#domain/rules/ruleset.ts";
import { partnerConfigContext, SECRETS_KEY } from "#domain/seal-contexts.ts";
import { isWellFormed } from "#domain/well-formed.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerQueries } from "#projections/partners/query.ts";
import { byOf } from "../access/person.ts";
import { describeScope, noContent, type Routes } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { Refused, refusal } from "../refusal.ts";
import type { RulesetView } from "../rules/ruleset-view.ts";
import { functionErrors, testDelivery } from "./ask-partners.ts";
import { changer } from "./change.ts";
import { configuredPartners, type PartnersView } from "./configured-partners.ts";
import { PartnerChange, withoutReadOnly } from "./partner-change.ts";
import { DeliveryChanged, refusalOf } from "./partner-refusals.ts";
import { urlErrors } from "./partner-url.ts";
import { Returned, type ReturnParts, returns } from "./returns.ts";
import { notFound } from "./scope.ts";
import { openDelivery, Partner, Partners, shownPartner, waitingIn } from "./shown-partner.ts";
import { createTestLimit, submissionToTest, TestedDelivery, TestOrder } from "./test-delivery.ts";
import { expectedVersion, VersionMoved, versionMoved } from "./version-moved.ts";

export interface PartnerRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly view: PartnersView;
  readonly rules: RulesetView;
  readonly queries: PartnerQueries;
  readonly leads: ReturnParts["leads"];
  readonly allowPrivate: boolean;
  /** Whether e-mail can be sent for partners that name no server of their own. */
  readonly hasSmtp: boolean;
}

const params = z.object({ id: PartnerId });
const Removal = z.strictObject({
  drain: z
    .enum(["next", "dead_letter"])
    .optional()
    .meta({ description: "What becomes of what waits: it goes on in its waterfall, or it does not" }),
});
const Reason = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(isWellFormed, "has a NUL or half of a surrogate pair in it");
const MAX_CONFLICTS = 10;

export function partnerRoutes(parts: PartnerRoutesParts): Routes {
  const { eventStore, bus, vault, view, rules, queries, allowPrivate, hasSmtp } = parts;
  const limitTests = createTestLimit();
  const takeBack = returns(parts);
  const change = changer(eventStore, configuredPartners, view, refusalOf);

  /** What it keeps of the secrets is what is there when it is stored, whoever else changes them meanwhile. */
  async function configure(
    partner: PartnerId,
    { delivery: given, ...config }: Omit<PartnerConfig, "delivery"> & { readonly delivery: ShownDelivery },
    expected_version: number | undefined,
    reply: FastifyReply,
  ): Promise<ReadonlyMap<PartnerId, ConfiguredPartner>> {
    let before = view.current().get(partner)?.delivery;
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
      const opened = await openDelivery(partner, before, vault);
      const { delivery, errors } = withKeptSecrets(given, opened.usable ? opened.delivery : opened.found);
      refuseWith(errors);
      refuseWith([...configErrors({ ...config, delivery }), ...smtpErrors(delivery, hasSmtp)]);
      for (const [path, url] of urlsOf(delivery)) refuseWith(await urlErrors(path, url, allowPrivate));
      refuseWith(await functionErrors(bus, { ...config, delivery }));
      const sealed = await vault.seal(SECRETS_KEY, delivery, partnerConfigContext(partner));
      const instead = { instead_of: before, expected_version };
      const command = { type: "configure", partner, config, delivery: sealed, ...instead } as const;
      try {
        return await change(command, reply);
      } catch (error) {
        if (error instanceof VersionMoved)
          throw new Refused(await versionMoved(error, { eventStore, ...madeVersions(partner) }));
        if (!(error instanceof DeliveryChanged)) throw error;
        before = error.delivery;
      }
    }
    const detail = "Others are configuring this partner at this very moment; read it again";
    throw new Refused(refusal("conflict", { detail }));
  }

  async function refuseToForget(partner: PartnerId): Promise<void> {
    const [queue, { held, delayed }] = await Promise.all([
      bus.consumerState(partnerMailbox(partner)),
      queries.byId(partner),
    ]);
    const count = waitingIn(queue) + held + delayed;
    if (count === 0) return;
    const detail =
      `${count} submissions wait for this partner. Add ?drain=next to let them go on to the next partner of their rule, ` +
      "where it has one, or ?drain=dead_letter to end them all";
    throw new Refused(refusal("conflict", { detail, more: { waiting: count } }));
  }

  async function byId(id: PartnerId, partners: ReadonlyMap<PartnerId, ConfiguredPartner>) {
    const partner = partners.get(id);
    if (partner === undefined) throw notFound();
    return shownPartner(id, partner, await queries.byId(id), { vault, bus });
  }

  const reading: Routes = async (app) => {
    reportPosition(app, queries);

    app.get(
      "/api/partners",
      { schema: { summary: "All partners", response: { 200: Partners } } },
      async () => {
        const counts = await queries.all();
        const sorted = [...view.current()].sort(([a], [b]) => (a < b ? -1 : 1));
        const each = sorted.map(async ([id, partner]) =>
          shownPartner(id, partner, counts.get(id) ?? (await queries.byId(id)), { vault, bus }),
        );
        return { items: await Promise.all(each) };
      },
    );

    app.get(
      "/api/partners/:id",
      { schema: { summary: "One partner with its state and counts", params, response: { 200: Partner } } },
      (request) => byId(request.params.id, view.current()),
    );
  };

  return async (app) => {
    describeScope(app, () => ({ tags: ["Partners"] }));
    await app.register(reading);

    app.put(
      "/api/partners/:id",
      {
        schema: {
          summary: "Configure a partner",
          params,
          querystring: expectedVersion("partner"),
          body: PartnerChange,
          response: { 200: Partner },
          refusals: ["unacceptable", "conflict", "version_moved"],
        },
      },
      async (request, reply) => {
        const partner = request.params.id;
        const { expected_version } = request.query;
        const config = withoutReadOnly(request.body);
        return byId(partner, await configure(partner, config, expected_version, reply));
      },
    );

    app.delete(
      "/api/partners/:id",
      {
        schema: {
          summary: "Remove a partner that no rule routes to",
          params,
          querystring: Removal,
          response: noContent,
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const partner = request.params.id;
        const { drain } = request.query;
        const routed_by = rulesRoutingTo(partner, rules.current().rules);
        const mayWait = view.current().has(partner) && routed_by.length === 0;
        if (mayWait && drain === undefined) await refuseToForget(partner);
        await change({ type: "remove", partner, drain: drain ?? "next", routed_by }, reply);
        return reply.code(204).send();
      },
    );

    app.post(
      "/api/partners/:id/test",
      {
        schema: {
          summary: "Make one delivery that is marked as a test, counted nowhere and shown in full",
          params,
          body: TestOrder,
          response: { 200: TestedDelivery },
          refusals: ["unacceptable", "rate_limited"],
          position: false,
        },
      },
      async (request) => {
        const partner = request.params.id;
        const configured = view.current().get(partner);
        if (configured === undefined) throw notFound();
        const submission = submissionToTest(request.body.submission);
        limitTests(partner);
        return testDelivery(bus, { partner, version: configured.version, submission });
      },
    );

    app.post(
      "/api/partners/:id/pause",
      {
        schema: {
          summary: "Let its submissions wait",
          params,
          body: z.strictObject({ reason: Reason.optional() }),
          response: { 200: Partner },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        const partner = request.params.id;
        const { reason } = request.body;
        return byId(partner, await change({ type: "pause", partner, reason }, reply));
      },
    );

    app.post(
      "/api/partners/:id/resume",
      { schema: { summary: "Deliver again", params, response: { 200: Partner } } },
      async (request, reply) => {
        const partner = request.params.id;
        return byId(partner, await change({ type: "resume", partner }, reply));
      },
    );

    app.post(
      "/api/partners/:id/returns",
      {
        schema: {
          summary: "Take back a lead that the partner was delivered and gives back",
          params,
          body: z.strictObject({ lead_id: z.string(), reason: Reason }),
          response: { 200: Returned },
          refusals: ["unacceptable", "conflict", "unavailable"],
        },
      },
      async (request, reply) => {
        const partner = request.params.id;
        if (!view.current().has(partner)) throw notFound();
        const { position, ...returned } = await takeBack(partner, request.body, byOf(request));
        return reply.header("x-position", position).send(returned);
      },
    );
  };
}

const madeVersions = (partner: PartnerId) => ({
  stream: PARTNER_CONFIG_STREAM,
  what: "partner",
  isVersion: ({ type, data }: StoredEvent) =>
    type === "PartnerConfigured" && (data as { partner?: unknown }).partner === partner,
});

const smtpErrors = (delivery: Delivery, hasSmtp: boolean): ConfigError[] =>
  check(
    "delivery.smtp_url",
    delivery.type === "email" && delivery.smtp_url === undefined && !hasSmtp,
    "is needed, since no server is configured for all: give smtps://user:password@host:port, or set SMTP_URL",
  );

function refuseWith(errors: readonly ConfigError[]): void {
  if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
}
