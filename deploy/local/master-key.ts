// npm run master-key -- <status|rewrap|rotate>: which master key wraps the vault's keys, and how another takes its place.
import { resolve } from "node:path";
import { type Config, readConfig } from "#platform/config.ts";
import { isBeingReplaced, keptMasterKeys, masterKeyFile } from "#platform/kept-master-key.ts";
import { createMasterKeys, type MasterKeys } from "#platform/vault/master-key.ts";
import { oneRotationAtATime, rewrapKeys, surveyKeys } from "#platform/vault/rewrap.ts";
import { createProgress } from "./demo/progress.ts";
import { exitWith, isRepairable } from "./exit.ts";
import { type Given, withKeys } from "./master-key/reach.ts";
import { counted, report } from "./master-key/report.ts";
import { rotate } from "./master-key/rotate.ts";
import { Problem } from "./problem.ts";

const commands: Readonly<Record<string, (given: Given) => Promise<string>>> = {
  async status(given) {
    const { config } = given;
    const masters = mastersOf(config);
    const survey = await withKeys(given, surveyKeys);
    const begun = isReplacing(config)
      ? "\n\nA rotation was begun: npm run master-key -- rotate ends it."
      : "";
    return `${report(survey, masters.ids())}${begun}`;
  },

  async rewrap(given) {
    const { config } = given;
    if (isReplacing(config))
      throw new Problem("A rotation was begun here: npm run master-key -- rotate ends it.");
    const masters = mastersOf(config);
    const keys = await withKeys(given, (database) =>
      oneRotationAtATime(database, () => rewrapKeys(database, masters, showing())),
    );
    return `Wrapped ${counted(keys)} anew; all are wrapped under ${masters.currentId} now.`;
  },

  async rotate(given) {
    const { config } = given;
    if (config.masterKey !== undefined)
      throw new Problem(
        "MASTER_KEY is given, so nothing is kept here that could be replaced.\n" +
          "Give every process the new key as MASTER_KEY and the old one among MASTER_KEYS_READABLE, then: npm run master-key -- rewrap",
      );
    mastersOf(config);
    const { masterId, keys } = await withKeys(given, (database) => rotate(database, config, showing()));
    return (
      `Wrapped ${counted(keys)} anew; ${masterKeyFile(config.dataDir)} holds ${masterId} now, and the old master key is gone.\n` +
      "Backups of the database that were made before can be read with the old one only, from a backup of that file."
    );
  },
};

await run(process.argv[2]).catch(exitWith);

async function run(name = ""): Promise<void> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new Problem(`Say what to do: npm run master-key -- <${Object.keys(commands).join("|")}>`);
  const env = process.env;
  const config = readConfig(env);
  try {
    console.log(await command({ env, config: { ...config, dataDir: resolve(config.dataDir) } }));
  } catch (error) {
    if (!isRepairable(error)) console.error("It broke off. No key is lost by that: run it once more.");
    throw error;
  }
}

/** Those of this machine; none is made here, since the vault's keys could not be wrapped under it. */
function mastersOf({ masterKey, readableMasterKeys, dataDir }: Config): MasterKeys {
  const kept = keptMasterKeys(dataDir);
  const current = masterKey ?? kept.at(-1);
  if (current === undefined)
    throw new Problem(
      `There is no master key in ${masterKeyFile(dataDir)} yet, and MASTER_KEY is not set.\n` +
        "Set what the processes are given, or DATA_DIR to the folder that a yard was started on.",
    );
  return createMasterKeys({ current, readable: [...readableMasterKeys, ...kept] });
}

function isReplacing({ masterKey, dataDir }: Config): boolean {
  return masterKey === undefined && isBeingReplaced(dataDir);
}

function showing(): (done: number, of: number) => void {
  const progress = createProgress(process.stdout);
  return (done, of) => {
    const line = `${done.toLocaleString("en")} of ${of.toLocaleString("en")} keys are wrapped anew`;
    if (done === of) progress.end(line);
    else progress.show(line);
  };
}
