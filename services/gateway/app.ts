// The gateway: everything that reaches the yard from outside comes through here.

import { opsRoutes } from "#platform/ops-server.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { createServer } from "./http/server.ts";
import { createAdmission } from "./intake/admission.ts";
import { createRateLimits } from "./intake/rate-limits.ts";
import { createReception } from "./intake/receive.ts";
import { registerSources } from "./intake/register-sources.ts";
import { intakeRoutes } from "./intake/routes.ts";
import { followSources } from "./intake/sources.ts";
import { createStore } from "./intake/store.ts";

export async function startGateway(yard: Yard): Promise<Serving> {
  const { config, lifecycle, log, metrics, health } = yard;
  const eventStore = yard.eventStore();
  const vault = await yard.vault();
  await registerSources(yard, vault);
  const sources = await followSources(yard, vault);

  const admission = createAdmission();
  const store = createStore({ eventStore, vault, admission, log });
  const reception = createReception({
    sources: () => sources.current(),
    limits: createRateLimits(),
    store,
    metrics,
  });

  const app = createServer(log);
  await app.register(opsRoutes({ health, metrics }));
  await app.register(intakeRoutes(reception));
  const url = await app.listen(config.http);
  lifecycle.own("http", () => app.close());
  return { url };
}
