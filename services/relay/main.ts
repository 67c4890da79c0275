import { runRole } from "#platform/role.ts";
import { startRelay } from "./app.ts";

await runRole("relay", startRelay);
