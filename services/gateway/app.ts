// The gateway: the one way into the yard from outside, over HTTP and NATS.
import swagger from "@fastify/swagger";
import { startOpsServer } from "#platform/ops-server.ts";
import { startStep } from "#platform/start-step.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { createAuditQueries } from "#projections/audit/query.ts";
import { createCampaignQueries } from "#projections/campaigns/query.ts";
import { createMovingQueries } from "#projections/dead-letters/moving.ts";
import { createDeadLetterQueries } from "#projections/dead-letters/query.ts";
import { createIdentityQueries } from "#projections/identities/query.ts";
import { createLeadQueries } from "#projections/leads/query.ts";
import { createStatsQueries } from "#projections/metrics/query.ts";
import { createPartnerQueries } from "#projections/partners/query.ts";
import { createProgressQueries } from "#projections/progress.ts";
import { createShadowQueries } from "#projections/shadow/query.ts";
import { openAccess } from "./access/access.ts";
import { createOidc } from "./access/oidc.ts";
import { OIDC_PATH, oidcRoutes } from "./access/oidc-routes.ts";
import { signInRoutes } from "./access/sign-in-routes.ts";
import { tokenRoutes, userRoutes } from "./access/user-routes.ts";
import { auditRoutes } from "./admin/audit.ts";
import { followPartners } from "./admin/configured-partners.ts";
import { identityRoutes } from "./admin/identities.ts";
import { partnerRoutes } from "./admin/partners.ts";
import { projectionRoutes } from "./admin/projections.ts";
import { followRoutingServices, routingServiceRoutes } from "./admin/routing-services.ts";
import { adminScope } from "./admin/scope.ts";
import { sourceRoutes } from "./admin/sources.ts";
import { analysisServiceRoutes, followAnalysisServices } from "./campaigns/analysis-services.ts";
import { campaignOwner } from "./campaigns/owner.ts";
import { servePublishedReplies } from "./campaigns/published-replies.ts";
import { createReplyIntake } from "./campaigns/reply-intake.ts";
import { campaignRoutes } from "./campaigns/routes.ts";
import { followCampaigns } from "./campaigns/shown-campaign.ts";
import { serveCampaignSubmissions } from "./campaigns/submissions.ts";
import { consoleRoutes } from "./console/routes.ts";
import { contextRoutes } from "./context/routes.ts";
import { serveRefusedMessages } from "./dead-letters/refused-messages.ts";
import { deadLetterRoutes } from "./dead-letters/routes.ts";
import { openApiOptions } from "./describe/openapi.ts";
import { describedOps, describeRoutes } from "./describe/routes.ts";
import { createServer } from "./http/server.ts";
import { createAdmission } from "./intake/admission.ts";
import { batchRoutes } from "./intake/batch.ts";
import { createDeadLetters } from "./intake/dead-letters.ts";
import { serveNats } from "./intake/nats.ts";
import { createOutcomes } from "./intake/outcomes.ts";
import { createIntake } from "./intake/receive.ts";
import { registerSources } from "./intake/register-sources.ts";
import { intakeRoutes } from "./intake/routes.ts";
import { followSources } from "./intake/sources.ts";
import { createStore } from "./intake/store.ts";
import { createWaitingLine } from "./intake/waiting-line.ts";
import { gatherFigures } from "./operations/all-figures.ts";
import { workerRoutes } from "./operations/routes.ts";
import { statsRoutes } from "./operations/stats.ts";
import { followWorkers } from "./operations/workers.ts";
import { leadRoutes } from "./reading/leads.ts";
import { createAnalysis } from "./rules/analysis.ts";
import { createDrafts } from "./rules/drafts.ts";
import { rulesHistory } from "./rules/history.ts";
import { createRecentFields } from "./rules/recent-fields.ts";
import { ruleRoutes } from "./rules/routes.ts";
import { followRuleset } from "./rules/ruleset-view.ts";
import { followShadow } from "./rules/shadow.ts";
import { createHub } from "./stream/hub.ts";
import { streamRoutes } from "./stream/routes.ts";
import { createShown } from "./stream/shown.ts";
import { followSuppressionLists, suppressionRoutes } from "./suppressions/routes.ts";
import { warmUp } from "./warm-up.ts";

/** A store that does not confirm has no room for anybody soon, and who is refused at once repeats at once. */
const FAILING_WAIT_MS = 500;
/** Connections that come at the same moment wait in the kernel, which allows as many as it is set to. */
const BACKLOG = 16_384;

export interface GatewayOptions {
  /** False for a start that costs less, after which the first requests are slow. */
  readonly isWarmedUp?: boolean;
}

export async function startGateway(yard: Yard, { isWarmedUp = true }: GatewayOptions = {}): Promise<Serving> {
  const { config, lifecycle, log, metrics, health } = yard;
  const [eventStore, database] = [yard.eventStore(), yard.database()];
  const [bus, vault] = await Promise.all([yard.bus(), yard.vault()]);
  await startStep(yard, "sources", () => registerSources(yard, vault));
  const access = await openAccess(yard);
  const [sources, partners, rules, services, suppressed, shadowView, campaigns, analysis] = await Promise.all(
    [
      followSources(yard, vault),
      followPartners(yard),
      followRuleset(yard),
      followRoutingServices(yard),
      followSuppressionLists(yard),
      followShadow(yard),
      followCampaigns(yard),
      followAnalysisServices(yard),
    ],
  );

  const admission = createAdmission();
  const line = createWaitingLine({
    room: () => admission.slots,
    maxWaitMs: () => (admission.isFailing ? FAILING_WAIT_MS : config.intakeMaxWaitMs),
  });
  const store = createStore({ eventStore, vault, admission, log });
  const intake = createIntake({ sources: sources.current, store, metrics });
  const leads = createLeadQueries({ database, vault, eventStore });
  const identities = createIdentityQueries({ database, vault });
  const outcomes = createOutcomes({ eventStore, leads, vault, lifecycle });
  const deadLetters = createDeadLetters(eventStore, vault);
  const letters = createDeadLetterQueries({
    database,
    vault,
    eventStore,
    keptPayloads: leads.sealedPayloads,
  });
  const moving = createMovingQueries({ database });

  const progress = createProgressQueries({ database, eventStore });
  const { originsOf } = leads;
  const shown = createShown({ database, views: { partners, rules } });
  const hub = createHub({ eventStore, shown, originsOf, progress, log });

  const owner = campaignOwner(bus);
  const replies = createReplyIntake({ sources: sources.current, campaigns, vault, owner });

  const app = createServer(log, config.trustProxy);
  await app.register(swagger, openApiOptions());
  const workers = followWorkers({ bus, log });
  lifecycle.own("workers", () => workers.close());
  const { instance, metricsToken, metricsPort } = config;
  const figures = gatherFigures({ bus, workers, metrics, instance });
  await app.register(describedOps({ health, metrics, figures, metricsToken }));
  await app.register(describeRoutes);
  await app.register(consoleRoutes(log));
  await app.register(intakeRoutes(intake, outcomes, line));
  await app.register(batchRoutes(intake));
  await app.register(
    leadRoutes({
      queries: leads,
      identities,
      check: { access, sources: sources.current },
      decisions: { eventStore, vault, history: rulesHistory(eventStore) },
    }),
  );
  await app.register(signInRoutes({ access, oidcPath: config.oidc && OIDC_PATH }));
  if (config.oidc !== undefined)
    await app.register(oidcRoutes({ oidc: createOidc(config.oidc), signIn: access.signIn }));
  await app.register(contextRoutes({ eventStore, vault, check: { access, sources: sources.current } }));
  await app.register(
    adminScope(access, [
      sourceRoutes({ eventStore, vault, view: sources }),
      partnerRoutes({
        eventStore,
        bus,
        vault,
        view: partners,
        rules,
        queries: createPartnerQueries({ database }),
        leads,
        allowPrivate: config.allowPrivatePartners,
        hasSmtp: config.smtp !== undefined,
      }),
      ruleRoutes({
        eventStore,
        view: rules,
        partners,
        services,
        analysis: createAnalysis(lifecycle),
        drafts: createDrafts(database),
        recentFields: createRecentFields(leads),
        backtests: { connections: config, lifecycle, log },
        shadows: { shadowView, queries: createShadowQueries({ database }) },
      }),
      routingServiceRoutes({
        eventStore,
        view: services,
        rules,
        allowPrivate: config.allowPrivatePartners,
      }),
      suppressionRoutes({ eventStore, vault, view: suppressed }),
      campaignRoutes({
        eventStore,
        bus,
        vault,
        view: campaigns,
        partners,
        services: analysis,
        queries: createCampaignQueries({ database, eventStore, vault }),
        owner,
        allowPrivate: config.allowPrivatePartners,
      }),
      analysisServiceRoutes({
        eventStore,
        view: analysis,
        campaigns,
        allowPrivate: config.allowPrivatePartners,
      }),
      deadLetterRoutes({ eventStore, vault, bus, sources: sources.current, letters, moving, leads }),
      identityRoutes({ queries: identities, eventStore, bus, vault, campaigns }),
      auditRoutes(createAuditQueries({ database, eventStore })),
      projectionRoutes({ queries: progress, bus, recorder: access.recorder }),
      statsRoutes(createStatsQueries({ database })),
      workerRoutes(workers),
      streamRoutes({ hub, identify: access.identify }),
      userRoutes(access),
      tokenRoutes(access),
    ]),
  );
  await serveNats({ bus, intake, outcomes, deadLetters, sources: sources.current, metrics, lifecycle, log });
  await servePublishedReplies({ bus, takeIn: replies, campaigns, deadLetters, metrics, lifecycle, log });
  await serveCampaignSubmissions({ bus, store, lifecycle });
  await serveRefusedMessages({ bus, intake, replies, eventStore, vault, lifecycle });
  if (isWarmedUp) await warmUp({ eventStore, vault, log });
  const url = await app.listen({ ...config.http, backlog: BACKLOG });
  lifecycle.own("http", () => app.close());
  if (metricsPort !== undefined)
    await startOpsServer({
      health,
      metrics,
      metricsToken,
      host: config.http.host,
      port: metricsPort,
      lifecycle,
    });
  return { url };
}
