// npm start: the whole yard on this machine.
import { runLauncher } from "./launcher-process.ts";

await runLauncher();
