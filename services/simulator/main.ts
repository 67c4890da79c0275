// The simulated partners as a process of their own.
import { runRole } from "#platform/role.ts";
import { startSimulator } from "./app.ts";

await runRole("simulator", startSimulator);
