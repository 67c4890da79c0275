// A new master key for the machine that keeps its own. Whoever dies here loses nothing: both keys are on the disk until one is enough.
import type { Config } from "#platform/config.ts";
import type { Database } from "#platform/database.ts";
import {
  keptMasterKeys,
  MASTER_KEY_BYTES,
  masterKeyFile,
  nextMasterKey,
  replaceMasterKey,
} from "#platform/kept-master-key.ts";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { oneRotationAtATime, rewrapKeys, surveyKeys } from "#platform/vault/rewrap.ts";
import { tryLock } from "../file-lock.ts";
import { Problem } from "../problem.ts";

export interface Rotated {
  readonly masterId: string;
  readonly keys: number;
}

export async function rotate(
  database: Database,
  config: Config,
  onProgress: (done: number, of: number) => void,
): Promise<Rotated> {
  // The database's lock goes with its connection, and whoever fell asleep must not wake up to another's files.
  const unlock = tryLock(`${masterKeyFile(config.dataDir)}.lock`);
  if (unlock === undefined) throw new Problem("The master key is being replaced by another process already.");
  try {
    return await oneRotationAtATime(database, () => replace(database, config, onProgress));
  } finally {
    unlock();
  }
}

async function replace(
  database: Database,
  { dataDir, readableMasterKeys }: Config,
  onProgress: (done: number, of: number) => void,
): Promise<Rotated> {
  const readable = [...readableMasterKeys, ...keptMasterKeys(dataDir)];
  // What a run that was killed has made is taken up again: keys may be wrapped under it.
  const current = nextMasterKey(dataDir);
  if (current.length !== MASTER_KEY_BYTES)
    throw new Problem(`${masterKeyFile(dataDir)}.next is not ${MASTER_KEY_BYTES} bytes in base64.`);
  const masters = createMasterKeys({ current, readable });
  const keys = await rewrapKeys(database, masters, onProgress);

  const masterId = masters.currentId;
  const survey = await surveyKeys(database);
  if (survey.wrapping !== masterId || [...survey.keys.keys()].some((id) => id !== masterId))
    throw new Problem("Not every key is wrapped anew, so the old master key stays. Run it once more.");
  replaceMasterKey(dataDir);
  return { masterId, keys };
}
