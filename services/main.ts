// The composition root: every role that ROLES names, in one process. Each also runs alone by its own main.ts.
import { runRoles } from "#platform/role.ts";

// Imported when wanted, so that a process loads the code of its own roles alone.
await runRoles("switchyard", {
  gateway: async () => (await import("./gateway/app.ts")).startGateway,
  relay: async () => (await import("./relay/app.ts")).startRelay,
  leads: async () => (await import("./leads/app.ts")).startLeads,
  identity: async () => (await import("./identity/app.ts")).startIdentity,
  partners: async () => (await import("./partners/app.ts")).startPartners,
  campaigns: async () => (await import("./campaigns/app.ts")).startCampaigns,
  timers: async () => (await import("./timers/app.ts")).startTimers,
  projections: async () => (await import("./projections/app.ts")).startProjections,
  compiler: async () => (await import("./compiler/app.ts")).startCompiler,
  simulator: async () => (await import("./simulator/app.ts")).startSimulator,
});
