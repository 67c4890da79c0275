// Every read model of a yard, built anew from the log beside the one in use.
import { setTimeout as pause } from "node:timers/promises";
import { untilInOwnTime } from "../harness/own-time.ts";
import { differences, readModels } from "./invariants.ts";
import { PATIENCE_MS } from "./round.ts";
import type { ChaosYard } from "./yard.ts";

interface Progress {
  readonly name: string;
  readonly lag: number;
  readonly rebuilt_at: string | null;
  readonly rebuilding?: unknown;
}

/** Every read model, thrown away and built anew from the log, is the one that it was. To be asked when nothing is under way. */
export async function replayViolations(yard: ChaosYard): Promise<string[]> {
  const list = async (): Promise<Progress[]> =>
    (await yard.client.admin<Progress[]>("GET", "/api/projections")).body;
  const caughtUp = (): Promise<Map<string, string[]>> =>
    untilInOwnTime(
      "the read models stand still",
      async () => {
        if ((await list()).some(({ lag }) => lag > 0)) return undefined;
        const before = await readModels(yard);
        await pause(500);
        return differences(before, await readModels(yard)).length === 0 && before;
      },
      PATIENCE_MS,
    );
  const before = await caughtUp();
  const rebuiltAt = new Map((await list()).map(({ name, rebuilt_at }) => [name, rebuilt_at]));
  for (const name of rebuiltAt.keys())
    await untilInOwnTime(
      `the rebuild of ${name} has begun`,
      async () => (await yard.client.admin("POST", `/api/projections/${name}/rebuild`)).status === 202,
      PATIENCE_MS,
    );
  await untilInOwnTime(
    "all are rebuilt",
    async () => {
      const now = await list();
      return now.every((one) => one.rebuilding === undefined && one.rebuilt_at !== rebuiltAt.get(one.name));
    },
    PATIENCE_MS,
  );
  return differences(before, await caughtUp());
}
