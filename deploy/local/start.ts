// npm start: the whole yard on this machine.
import { enableCompileCache } from "node:module";
import { COMPILE_CACHE } from "./compile-cache.ts";

enableCompileCache(COMPILE_CACHE);
const { runLauncher } = await import("./launcher-process.ts");
await runLauncher();
