import { runRole } from "#platform/role.ts";
import { startCompiler } from "./app.ts";

await runRole("compiler", startCompiler);
