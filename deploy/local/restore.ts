// npm run restore -- DIR: a backup into an empty data folder, checked. See docs/decisions/0118.
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Config, readConfig } from "#platform/config.ts";
import { connectDatabase, type Database } from "#platform/database.ts";
import { copyKept } from "#platform/kept-file.ts";
import { keptMasterKeys, masterKeyFile } from "#platform/kept-master-key.ts";
import { createLog } from "#platform/log.ts";
import { writeKeys } from "#platform/vault/copy-keys.ts";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { checkCopy } from "../../services/eventstore/engine/check-copy.ts";
import { begin, beginDatabase, begunIn, end } from "./backup/empty-place.ts";
import { readForgotten } from "./backup/forgotten.ts";
import { restoreAccess } from "./backup/kept-access.ts";
import { openSecrets } from "./backup/kept-secrets.ts";
import { compareKeys, personsWithoutKey, readKeyFile } from "./backup/key-file.ts";
import { checkFiles, FILES, type Manifest, readManifest } from "./backup/manifest.ts";
import { startCommand } from "./backup/start-command.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { createProgress } from "./demo/progress.ts";
import { exitWith } from "./exit.ts";
import { startAlone } from "./parts/alone.ts";
import { preparePostgres } from "./parts/postgres.ts";
import { Problem } from "./problem.ts";

await run().catch(exitWith);

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { forgotten: { type: "string", multiple: true, default: [] } },
  });
  const [wanted] = positionals;
  if (wanted === undefined || positionals.length > 1)
    throw new Problem("Say what to restore: npm run restore -- DIR [--forgotten FILE]");
  const dir = resolve(wanted);
  const manifest = readManifest(dir);
  const gone = readForgotten(values.forgotten.map((path) => resolve(path)));
  const given = readConfig(process.env);
  const config = { ...given, dataDir: resolve(given.dataDir) };
  if (config.eventstoreUrl !== undefined)
    throw new Problem(
      "EVENTSTORE_URL is set, and a restore fills the embedded event store. Unset it, and start the yard on the restored folder.",
    );
  const masters = mastersFor(manifest, config);
  // Before anything is written there, and again below once nobody else can.
  begunIn(config.dataDir, manifest.id);
  console.log(`Checking the backup of ${manifest.made_at} …`);
  await checkFiles(dir, manifest);

  const folder = openDataFolder(config.dataDir, { restoring: true });
  try {
    await restore({ dir, manifest, gone, config, masters, folder });
  } finally {
    folder.close();
  }
  console.log(
    `Restored into ${config.dataDir}: events up to position ${manifest.log.head}, ${manifest.keys.count.toLocaleString("en")} keys.\n` +
      (gone.size > 0
        ? "Who was forgotten by the given lists stays forgotten.\n"
        : `Who was forgotten after ${manifest.made_at} is known again, unless --forgotten names a newer list.\n`) +
      `What happened after the backup is not there; what was under way is delivered again, under the same ids. Start with:\n${startCommand(process.env)}`,
  );
}

interface RestoreParts {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly gone: ReadonlySet<string>;
  readonly config: Config;
  readonly masters: readonly Buffer[];
  readonly folder: DataFolder;
}

async function restore({ dir, manifest, gone, config, masters, folder }: RestoreParts): Promise<void> {
  const { dataDir } = config;
  const marker = begunIn(dataDir, manifest.id) ?? begin(dataDir, manifest.id);
  await restoreLog(dir, manifest, dataDir);
  await withDatabase(config, folder, async (database) => {
    await beginDatabase(database, marker);
    const keys = () => readKeyFile(join(dir, FILES.keys), gone, marker.begun_at);
    await writeKeys(database, {
      wrapping: manifest.keys.wrapping,
      pages: keys(),
      toForget: await personsWithoutKey(keys()),
    });
    await compareKeys(database, keys());
    await restoreAccess(database, join(dir, FILES.access), masters);
  });
  openSecrets(join(dir, FILES.secrets), masters, dataDir);
  end(dataDir);
}

/** Anew where an earlier run has begun: half a file is not gone on with. */
async function restoreLog(dir: string, { log }: Manifest, dataDir: string): Promise<void> {
  const store = join(dataDir, "eventstore");
  rmSync(store, { recursive: true, force: true });
  copyKept(join(dir, FILES.log), join(store, "events.db"));
  const progress = createProgress(process.stdout);
  await checkCopy(store, BigInt(log.head), (position) =>
    progress.show(`Checked ${position} of ${log.head} events`),
  );
  progress.end(`Checked ${log.head} of ${log.head} events`);
}

async function withDatabase(
  { databaseUrl }: Config,
  folder: DataFolder,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  // Who closes the folder is the restore, at its end.
  const borrowed = { ...folder, close: () => undefined };
  const alone =
    databaseUrl === undefined
      ? await startAlone(borrowed, process.env, { postgres: preparePostgres })
      : undefined;
  const log = createLog({ level: "silent", name: "restore", instance: `${process.pid}` });
  const database = connectDatabase({ url: databaseUrl ?? alone?.urls.postgres ?? "", log });
  try {
    await work(database);
  } finally {
    await database.close();
    await alone?.leave();
  }
}

/** The master keys of this machine; throws a Problem where one that the backup needs is not among them. */
function mastersFor(
  { keys }: Manifest,
  { masterKey, readableMasterKeys, dataDir }: Config,
): readonly Buffer[] {
  const known = [...(masterKey ? [masterKey] : []), ...readableMasterKeys, ...keptMasterKeys(dataDir)];
  const ids = known.map((current) => createMasterKeys({ current }).currentId);
  const missing = keys.masters.filter((id) => !ids.includes(id));
  if (missing.length === 0) return known;
  throw new Problem(
    `The backup needs the master key ${missing.join(", ")}, and ${ids.length === 0 ? "none is" : `only ${ids.join(", ")} is`} known here.\n` +
      `Give it as MASTER_KEY or MASTER_KEY_FILE, or put it into ${masterKeyFile(dataDir)} first.`,
  );
}
