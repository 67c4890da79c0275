// npm run backup -- DIR: a consistent copy of everything embedded, while the yard runs or not. See docs/decisions/0118.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Config, readConfig } from "#platform/config.ts";
import { connectDatabase, type Database } from "#platform/database.ts";
import { readEndpoints } from "#platform/endpoints.ts";
import { keptMasterKeys, masterKeyFile } from "#platform/kept-master-key.ts";
import { createLog } from "#platform/log.ts";
import { readKeys, wrappingOf } from "#platform/vault/copy-keys.ts";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { oneRotationAtATime } from "#platform/vault/rewrap.ts";
import { copyLog } from "./backup/copy-log.ts";
import { writeForgotten } from "./backup/forgotten.ts";
import { writeAccessFile } from "./backup/kept-access.ts";
import { sealSecrets } from "./backup/kept-secrets.ts";
import { writeKeyFile } from "./backup/key-file.ts";
import { FILES, writeManifest } from "./backup/manifest.ts";
import { closeNewFiles } from "./closed-folder.ts";
import { InUse, openDataFolder } from "./data-folder.ts";
import { exitWith } from "./exit.ts";
import { startAlone } from "./parts/alone.ts";
import { prepareEventStore } from "./parts/eventstore.ts";
import { preparePostgres } from "./parts/postgres.ts";
import { Problem } from "./problem.ts";
import { runningEndpoints, waitForOwner } from "./running.ts";

interface Reached {
  readonly eventStoreUrl: string;
  readonly databaseUrl: string;
  leave(): Promise<void>;
}

await run().catch(exitWith);

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { forgotten: { type: "string" } },
  });
  const [wanted] = positionals;
  if ((wanted === undefined) === (values.forgotten === undefined) || positionals.length > 1)
    throw new Problem(
      "Say where to: npm run backup -- DIR\nOr for the list of destroyed keys alone: npm run backup -- --forgotten FILE",
    );
  closeNewFiles();
  const given = readConfig(process.env);
  const config = { ...given, dataDir: resolve(given.dataDir) };
  const dir = wanted === undefined ? undefined : emptyFolder(resolve(wanted));
  const yard = await reach(config);
  const log = createLog({ level: "silent", name: "backup", instance: `${process.pid}` });
  const database = connectDatabase({ url: yard.databaseUrl, log });
  try {
    if (dir === undefined) await writeList(database, resolve(values.forgotten ?? ""));
    else await backUp({ dir, config, database, eventStoreUrl: yard.eventStoreUrl });
  } finally {
    await database.close();
    await yard.leave();
  }
}

interface BackupParts {
  readonly dir: string;
  readonly config: Config;
  readonly database: Database;
  readonly eventStoreUrl: string;
}

async function backUp({ dir, config, database, eventStoreUrl }: BackupParts): Promise<void> {
  const at = (name: keyof typeof FILES): string => join(dir, FILES[name]);
  masterKeyOf(config);
  // The log first: a key is there before anything is sealed under it, so every event's key is among those that are read later.
  console.log("Copying the event log …");
  const head = await copyLog(eventStoreUrl, at("log"));
  console.log(`Copied the event log up to position ${head}. Copying the keys of personal data …`);
  // While no master key is replaced, so that what is needed of them is known here, and stays.
  const { keys, wrapping, sealedUnder } = await oneRotationAtATime(database, async () => {
    const master = masterKeyOf(config);
    sealSecrets(config.dataDir, master, at("secrets"));
    await writeAccessFile(database, master, at("access"));
    const sealedUnder = createMasterKeys({ current: master }).currentId;
    const written = await writeKeyFile(database, at("keys"));
    return { keys: written, wrapping: (await wrappingOf(database)) ?? sealedUnder, sealedUnder };
  });
  writeForgotten(at("forgotten"), keys.destroyed);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const masters = [...new Set([wrapping, sealedUnder, ...keys.masters])];
  await writeManifest(dir, {
    id: randomUUID(),
    made_at: new Date().toISOString(),
    version,
    log: { head },
    keys: { count: keys.count, destroyed: keys.destroyed.length, wrapping, masters },
  });
  console.log(
    `The backup in ${dir} is whole: events up to position ${head}, ${keys.count.toLocaleString("en")} keys.\n` +
      `The master key ${masters.join(", ")} is left out, and without it no personal data can be read. Keep it elsewhere: ` +
      `${keyPlace(config)}\n` +
      `Read models and NATS are made from the events. Restore with:\nDATA_DIR=<an empty folder> MASTER_KEY_FILE=<where you keep it> npm run restore -- ${dir}`,
  );
}

/** Where whoever keeps it finds it. */
function keyPlace({ masterKey, dataDir }: Config): string {
  if (masterKey === undefined) return masterKeyFile(dataDir);
  const { MASTER_KEY_FILE: file } = process.env;
  return file ? resolve(file) : "MASTER_KEY";
}

function masterKeyOf({ masterKey, dataDir }: Config): Buffer {
  const found = masterKey ?? keptMasterKeys(dataDir).at(-1);
  if (found !== undefined) return found;
  throw new Problem(
    `There is no master key in ${masterKeyFile(dataDir)}, and MASTER_KEY is not set. Set what the processes are given.`,
  );
}

async function writeList(database: Database, file: string): Promise<void> {
  const destroyed: string[] = [];
  for await (const rows of readKeys(database))
    destroyed.push(...rows.filter(({ wrapped }) => wrapped === null).map(({ id }) => id));
  writeForgotten(file, destroyed);
  console.log(`${file} lists the destroyed keys. Keep the newest one with the backups.`);
}

function emptyFolder(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (readdirSync(dir).length > 0)
    throw new Problem(
      `${dir} is not empty. A backup goes into a folder of its own; an interrupted one, which has no manifest.json, can be deleted.`,
    );
  return dir;
}

/** What the configuration names, what the yard that runs has, or else started for as long as it is needed. */
async function reach(config: Config): Promise<Reached> {
  const { eventstoreUrl, databaseUrl, dataDir } = config;
  const leave = async (): Promise<void> => undefined;
  const found = ({ eventstore_url, database_url }: { eventstore_url: string; database_url: string }) => ({
    eventStoreUrl: eventstoreUrl ?? eventstore_url,
    databaseUrl: databaseUrl ?? database_url,
    leave,
  });
  if (eventstoreUrl !== undefined && databaseUrl !== undefined)
    return { eventStoreUrl: eventstoreUrl, databaseUrl, leave };
  const running = runningEndpoints(dataDir);
  if (running !== undefined) return found(running);
  if (!existsSync(dataDir))
    throw new Problem(`There is no data folder ${dataDir}. Set DATA_DIR to the one to be backed up.`);
  try {
    const folder = openDataFolder(dataDir);
    console.log("No Switchyard runs, so the event store and PostgreSQL are started for the backup.");
    const { urls, leave } = await startAlone(folder, process.env, {
      ...(eventstoreUrl === undefined && { eventStore: prepareEventStore }),
      ...(databaseUrl === undefined && { postgres: preparePostgres }),
    });
    const { eventStore = eventstoreUrl ?? "", postgres = databaseUrl ?? "" } = urls;
    return { eventStoreUrl: eventStore, databaseUrl: postgres, leave };
  } catch (error) {
    if (!(error instanceof InUse)) throw error;
    return found(await waitForOwner(() => readEndpoints(dataDir), error));
  }
}
