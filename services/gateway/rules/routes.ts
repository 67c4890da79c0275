// /api/rules: what is routed where, how it came to be so, and what would become of a change.
import type { ChangeRules } from "#domain/rules/ruleset.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { PartnersView } from "../admin/configured-partners.ts";
import type { RoutingServicesView } from "../admin/routing-services.ts";
import { describeScope, type Routes, zodValidator } from "../http/route-schema.ts";
import type { Analysis } from "./analysis.ts";
import { type BacktestParts, backtestRoutes } from "./backtest.ts";
import { changingRoutes } from "./changing.ts";
import { draftRoutes } from "./draft-routes.ts";
import type { Drafts } from "./drafts.ts";
import { rulesHistory } from "./history.ts";
import { readingRoutes } from "./reading.ts";
import type { RulesetView } from "./ruleset-view.ts";
import { type ShadowParts, shadowRoutes } from "./shadow.ts";
import { type TryingParts, tryingRoutes } from "./trying.ts";

export interface RuleRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly partners: PartnersView;
  readonly services: RoutingServicesView;
  readonly analysis: Analysis;
  readonly drafts: Drafts;
  readonly recentFields: TryingParts["recentFields"];
  readonly backtests: Omit<BacktestParts, "view">;
  readonly shadows: Pick<ShadowParts, "shadowView" | "queries">;
}

export function ruleRoutes({
  eventStore,
  view,
  partners,
  services,
  analysis,
  drafts,
  recentFields,
  backtests,
  shadows,
}: RuleRoutesParts): Routes {
  const history = rulesHistory(eventStore);
  const targets: ChangeRules["targets"] = {
    partnerExists: (id) => partners.current().has(id),
    routingServiceExists: (id) => services.current().has(id),
  };
  return async (app) => {
    describeScope(app, () => ({ tags: ["Rules"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));
    await app.register(readingRoutes({ view, history }));
    await app.register(changingRoutes({ eventStore, view, history, targets, analysis }));
    await app.register(draftRoutes({ drafts, history, view }));
    await app.register(tryingRoutes({ view, partners, history, analysis, recentFields }));
    await app.register(backtestRoutes({ ...backtests, view }));
    await app.register(shadowRoutes({ ...shadows, eventStore, targets }));
  };
}
