// The simulated partners as a process of their own.
import { runStandalone } from "#platform/serve.ts";
import { startSimulator } from "./app.ts";

await runStandalone("simulator", startSimulator);
