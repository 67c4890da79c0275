// The database that the vault's keys are in: the configured one, that of the yard that runs, or else started for as long as it is needed.
import type { Config, Environment } from "#platform/config.ts";
import { connectDatabase, type Database } from "#platform/database.ts";
import { readEndpoints } from "#platform/endpoints.ts";
import { createLog } from "#platform/log.ts";
import { InUse, openDataFolder } from "../data-folder.ts";
import { startAlone } from "../parts/alone.ts";
import { preparePostgres } from "../parts/postgres.ts";
import { Problem } from "../problem.ts";
import { runningEndpoints, waitForOwner } from "../running.ts";

export interface Given {
  readonly config: Config;
  /** What the configuration was read from. */
  readonly env: Environment;
}

interface Reached {
  readonly url: string;
  leave(): Promise<void>;
}

const nothingToLeave = async (): Promise<void> => undefined;

export async function withKeys<T>(
  { config, env }: Given,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { url, leave } = await reach(config, env);
  const log = createLog({ level: "silent", name: "master-key", instance: `${process.pid}` });
  const database = connectDatabase({ url, log });
  try {
    await database.query("select 1").catch((error: Error) => {
      throw new Problem(`The database with the vault's keys can't be reached: ${error.message}`);
    });
    return await work(database);
  } finally {
    await database.close();
    await leave();
  }
}

async function reach({ databaseUrl, dataDir }: Config, env: Environment): Promise<Reached> {
  const url = databaseUrl ?? runningEndpoints(dataDir)?.database_url;
  if (url !== undefined) return { url, leave: nothingToLeave };
  try {
    return await startPostgres(dataDir, env);
  } catch (error) {
    if (!(error instanceof InUse)) throw error;
    const { database_url } = await waitForOwner(() => readEndpoints(dataDir), error);
    return { url: database_url, leave: nothingToLeave };
  }
}

async function startPostgres(dataDir: string, env: Environment): Promise<Reached> {
  const folder = openDataFolder(dataDir);
  console.log("No Switchyard runs, so PostgreSQL alone is started.");
  const { urls, leave } = await startAlone(folder, env, { postgres: preparePostgres });
  return { url: urls.postgres ?? "", leave };
}
