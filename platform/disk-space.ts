// How much room is left where DATA_DIR is: the embedded parts stop when there is none.
import { statfs } from "node:fs/promises";
import { Gauge } from "prom-client";
import type { Metrics } from "./metrics.ts";

/** Looked up when somebody scrapes. */
export function showDiskSpace(dataDir: string, { registry }: Pick<Metrics, "registry">): void {
  const show = (name: string, help: string, blocks: "bavail" | "blocks"): void => {
    new Gauge({
      name: `switchyard_disk_${name}_bytes`,
      help,
      // The processes of a machine share it.
      aggregator: "max",
      registers: [registry],
      async collect() {
        const found = await statfs(dataDir).catch(() => undefined);
        this.set(found === undefined ? Number.NaN : found[blocks] * found.bsize);
      },
    });
  };
  show("free", "Room left on the disk that DATA_DIR is on", "bavail");
  show("size", "Size of the disk that DATA_DIR is on", "blocks");
}
