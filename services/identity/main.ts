import { runRole } from "#platform/role.ts";
import { startIdentity } from "./app.ts";

await runRole("identity", startIdentity);
