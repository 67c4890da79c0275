// The composition root: every role that ROLES names, in one process. Each also runs alone by its own main.ts.
import { runRoles } from "#platform/role.ts";
import { startCompiler } from "./compiler/app.ts";
import { startGateway } from "./gateway/app.ts";
import { startIdentity } from "./identity/app.ts";
import { startLeads } from "./leads/app.ts";
import { startPartners } from "./partners/app.ts";
import { startProjections } from "./projections/app.ts";
import { startRelay } from "./relay/app.ts";
import { startSimulator } from "./simulator/app.ts";

await runRoles("switchyard", {
  gateway: startGateway,
  relay: startRelay,
  leads: startLeads,
  identity: startIdentity,
  partners: startPartners,
  projections: startProjections,
  compiler: startCompiler,
  simulator: startSimulator,
});
