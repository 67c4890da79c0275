// The composition root: every role that ROLES names, in one process. Each also runs alone by its own main.ts.
import { runRoles } from "#platform/role.ts";

// Imported when wanted, so that a process loads the code of its own roles alone.
await runRoles("switchyard", {
  gateway: async (yard) => (await import("./gateway/app.ts")).startGateway(yard),
  relay: async (yard) => (await import("./relay/app.ts")).startRelay(yard),
  leads: async (yard) => (await import("./leads/app.ts")).startLeads(yard),
  identity: async (yard) => (await import("./identity/app.ts")).startIdentity(yard),
  partners: async (yard) => (await import("./partners/app.ts")).startPartners(yard),
  projections: async (yard) => (await import("./projections/app.ts")).startProjections(yard),
  simulator: async (yard) => (await import("./simulator/app.ts")).startSimulator(yard),
});
