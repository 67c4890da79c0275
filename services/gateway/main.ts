// The gateway as a process of its own.
import { runRole } from "#platform/role.ts";
import { startGateway } from "./app.ts";

await runRole("gateway", startGateway);
