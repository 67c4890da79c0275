// PostgreSQL for the read models and the vault, from npm, on loopback.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Environment } from "#platform/config.ts";
import { readKept } from "#platform/kept-file.ts";
import { endProcess, identityOf } from "../children/process-identity.ts";
import { pick } from "../environment.ts";
import { ownPort } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Part } from "./part.ts";
import { keptPassword } from "./password.ts";
import {
  APPLICATION,
  allowAccess,
  createDatabase,
  DATABASE,
  isAllowed,
  runProgram,
} from "./postgres-access.ts";
import { findPostgresHome, type PostgresHome } from "./postgres-home.ts";

const USUAL_PORT = 5432;
/** Messages are looked for in the log, so they have to be in one language. */
const LANGUAGE = { LC_ALL: "C", LC_MESSAGES: "C" };

export async function preparePostgres(
  dataDir: string,
  surroundings: Environment,
  say: (line: string) => void,
): Promise<Part> {
  const env = { ...pick(surroundings, ["PATH", "TZ"]), ...LANGUAGE };
  const home = findPostgresHome(dataDir, env, say);
  const password = keptPassword(dataDir, "postgres-password");
  removeUnfinished(home);
  if (!existsSync(join(home.data, "PG_VERSION"))) {
    await initialise(home, password, env);
  } else {
    checkVersion(home, env);
    if (!isAllowed(home, password)) {
      await clearLock(home.data);
      await allowAccess(home, password, env);
    }
  }

  const port = await ownPort(USUAL_PORT);
  const settings = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    "unix_socket_directories=",
    // A segment that is used again keeps what it held until it is written over, and with that the keys that were destroyed.
    "wal_recycle=off",
  ];
  return {
    port,
    url: `postgres://${APPLICATION}:${password}@127.0.0.1:${port}/${DATABASE}`,
    command: {
      name: "PostgreSQL",
      command: home.postgres,
      args: ["-D", home.data, ...settings.flatMap((setting) => ["-c", setting])],
      env,
      ...(home.user === undefined ? {} : { user: home.user }),
      ready: /database system is ready to accept connections/,
      readyWithinMs: 60_000,
      // Its fast shutdown: whoever is connected is sent away, and everything is written.
      stopSignal: "SIGINT",
      stopWithinMs: 2_500,
      before: () => clearLock(home.data),
    },
  };
}

const UNFINISHED = ".new";

/** What starts have left that were killed while they prepared it. Their programs may go on writing for a moment: the next start has the rest. */
function removeUnfinished({ data }: PostgresHome): void {
  const [folder, name] = [dirname(data), basename(data)];
  const left = existsSync(folder) ? readdirSync(folder) : [];
  for (const one of left.filter((one) => one.startsWith(`${name}.`) && one.endsWith(UNFINISHED))) {
    try {
      rmSync(join(folder, one), { recursive: true, force: true });
    } catch {
      // It only takes room.
    }
  }
}

/**
 * In a folder beside, so that a start which is interrupted here leaves nothing half made; each start in one of its own, since the programs
 * of one that was killed still write to theirs, and empty it when they fail.
 */
async function initialise(home: PostgresHome, password: string, env: Environment): Promise<void> {
  const { data, user, initdb } = home;
  const beside = `${data}.${randomUUID()}${UNFINISHED}`;
  mkdirSync(beside, { recursive: true, mode: 0o700 });
  if (user !== undefined) chownSync(beside, user.uid, user.gid);
  // Sorted and compared the same on every machine, whatever languages are installed there.
  const locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"];
  // Nobody gets in before the rules of access are written.
  const access = ["--username=postgres", "--auth=reject"];
  await runProgram(initdb, [`--pgdata=${beside}`, ...access, ...locale], { user, env });
  await createDatabase({ ...home, data: beside }, password, env);
  renameSync(beside, data);
}

function checkVersion({ data, postgres }: PostgresHome, env: Environment): void {
  const written = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  const installed = /(\d+)\./.exec(spawnSync(postgres, ["--version"], { env, encoding: "utf8" }).stdout)?.[1];
  if (written !== installed)
    throw new Problem(
      `${data} was written by PostgreSQL ${written}; this version of Switchyard brings ${installed}.\n` +
        `Start the version that wrote it, or use another folder: DATA_DIR=.data-2 npm start`,
    );
}

/** A killed server leaves a lock that names its process. By now that number may be another program's, which we leave alone. */
async function clearLock(data: string): Promise<void> {
  const file = join(data, "postmaster.pid");
  const pid = Number.parseInt(readKept(file) ?? "", 10);
  if (Number.isNaN(pid)) return;
  const identity = identityOf(pid);
  if (identity !== undefined && commandLineOf(pid).includes(data))
    await endProcess({ pid, identity }, "SIGINT", 3_000);
  rmSync(file, { force: true });
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return spawnSync("ps", ["-o", "command=", "-p", `${pid}`], { encoding: "utf8" }).stdout ?? "";
  }
}
