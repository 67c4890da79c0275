import { runRole } from "#platform/role.ts";
import { startPartners } from "./app.ts";

await runRole("partners", startPartners);
