// npm start: the whole yard on this machine.
import { enableCompileCache } from "node:module";
import { COMPILE_CACHE } from "./compile-cache.ts";

const USAGE = `usage: npm start
It takes no options. What can be set is set in the environment, such as PORT=8090 DATA_DIR=/srv/switchyard npm start; docs/running.md lists it.`;

const given = process.argv.slice(2);
if (given.length > 0) {
  const isQuestion = given.includes("--help");
  console.error(isQuestion ? USAGE : `npm start does not know ${given.join(" ")}\n${USAGE}`);
  process.exit(isQuestion ? 0 : 2);
}
enableCompileCache(COMPILE_CACHE);
const { runLauncher } = await import("./launcher-process.ts");
await runLauncher();
