import { runRole } from "#platform/role.ts";
import { startProjections } from "./app.ts";

await runRole("projections", startProjections);
