import { runRole } from "#platform/role.ts";
import { startLeads } from "./app.ts";

await runRole("leads", startLeads);
