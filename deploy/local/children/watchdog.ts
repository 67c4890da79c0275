// Ends the children of a launcher that is gone, however that ended.
// usage: watchdog.ts <data folder> <launcher's pid>; stdin is a pipe that only the launcher holds open.
import { endChildrenOf } from "./launch-record.ts";

const [dataDir = "", launcher = ""] = process.argv.slice(2);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
for await (const _ of process.stdin) {
  // Nothing is ever sent: the end of the pipe says that the launcher is gone.
}
await endChildrenOf(dataDir, Number(launcher));
