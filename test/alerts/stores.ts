// Alerts that the database, the length of the log and the disk cause.
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { WatchedYard } from "../../deploy/prometheus/fixtures/watched-yard.ts";
import { type Cause, lead, whenOver } from "./cause.ts";

/** Nobody else gets at the table until the work is done. */
async function whileLocked(
  { databaseUrl }: WatchedYard,
  table: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("begin");
    await client.query(`lock table ${table} in access exclusive mode`);
    await work();
    await client.query("rollback");
  } finally {
    await client.end();
  }
}

export const busyDatabase: Cause = {
  alerts: ["SwitchyardDatabaseBusy"],
  what: "the table of leads is locked while 40 readers ask for leads",
  async bring(yard, isOver) {
    await whileLocked(yard, "leads.lead", async () => {
      const reader = async (): Promise<void> => {
        while (!isOver.aborted) await yard.client.admin("GET", "/api/leads").catch(() => undefined);
      };
      void Promise.all(Array.from({ length: 40 }, reader));
      await whenOver(isOver);
    });
  },
};

const MANY = 4_000;
const AT_ONCE = 100;

export const lags: Cause = {
  alerts: ["SwitchyardProjectionLag", "SwitchyardRelayLag"],
  what: "4,000 submissions at once, while the checkpoints of the read models are locked",
  async bring(yard, isOver) {
    let left = MANY;
    const send = async (): Promise<void> => {
      while (left > 0 && !isOver.aborted) {
        left -= 1;
        await yard.client.submitUntilAccepted(lead({ interest: "Education" }));
      }
    };
    await whileLocked(yard, "projections.checkpoint", async () => {
      await Promise.all(Array.from({ length: AT_ONCE }, send));
      await whenOver(isOver);
    });
  },
};

const WRITTEN_AT_ONCE = Buffer.alloc(4 * 2 ** 20);
const MAX_WRITES = 300;

export const fullDisk: Cause = {
  alerts: ["SwitchyardDiskFull"],
  what: "a file below DATA_DIR grows at a pace at which the disk is full within a day",
  async bring({ dataDir }, isOver) {
    for (let writes = 0; writes < MAX_WRITES && !isOver.aborted; writes += 1) {
      await appendFile(join(dataDir, "ballast"), WRITTEN_AT_ONCE);
      await pause(250);
    }
    await rm(join(dataDir, "ballast"));
  },
};
