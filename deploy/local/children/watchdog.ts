// Ends the children of a launcher that is gone, however that ended. A shell has waited for that.
// usage: watchdog.ts <data folder> <launcher's pid>
import { endChildrenOf } from "./launch-record.ts";

const [dataDir = "", launcher = ""] = process.argv.slice(2);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
await endChildrenOf(dataDir, Number(launcher));
