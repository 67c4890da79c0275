import { runRole } from "#platform/role.ts";
import { startCampaigns } from "./app.ts";

await runRole("campaigns", startCampaigns);
