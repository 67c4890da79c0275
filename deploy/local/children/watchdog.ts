// Outlives its launcher by a moment: when that is gone, however it ended, it ends the children that are left.
// usage: watchdog.ts <data folder> <launcher's pid>; stdin is a pipe that only the launcher holds open.
import { endChildrenOf } from "./leftovers.ts";

const [dataDir = "", launcher = ""] = process.argv.slice(2);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
for await (const _ of process.stdin) {
  // Nothing is ever sent; the end of the pipe is the message.
}
await endChildrenOf(dataDir, Number(launcher));
