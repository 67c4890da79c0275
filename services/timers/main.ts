import { runRole } from "#platform/role.ts";
import { startTimers } from "./app.ts";

await runRole("timers", startTimers);
