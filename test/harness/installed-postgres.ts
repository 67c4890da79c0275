// A PostgreSQL that the machine has, Debian's for one, with a role and databases as deploy/postgres/create.sql makes them: no superuser.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "#platform/free-port.ts";
import { evidenceOf } from "./evidence.ts";
import { guard } from "./orphan-guard.ts";
import type { PostgresServer } from "./postgres-server.ts";

const START_MS = 20_000;
const SQL = new URL("../../deploy/postgres/create.sql", import.meta.url);
const PASSWORD = "choose-one";

/** POSTGRES_BIN names the folder of its programs, else Debian's newest that is installed; undefined where there is none. */
export function installedPostgres(): string | undefined {
  return process.env.POSTGRES_BIN ?? globSync("/usr/lib/postgresql/*/bin").sort().at(-1);
}

export async function startInstalledPostgres(
  programs: string,
  flags: readonly string[],
  wantedPort?: number,
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  chmodSync(folder, 0o755);
  const data = join(folder, "data");
  mkdirSync(data);
  // PostgreSQL refuses to run as root.
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"]));
  const user = process.getuid?.() === 0 ? { uid: id("-u"), gid: id("-g") } : {};
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid);
  const options = ["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C"];
  execFileSync(join(programs, "initdb"), ["-D", data, ...options], { ...user, cwd: "/", stdio: "ignore" });
  const port = wantedPort ?? (await freePort());
  const keep = evidenceOf(`PostgreSQL on ${port}`);
  let child: ChildProcess | undefined;
  let release = (): void => {};

  async function start(): Promise<void> {
    const settings = [`port=${port}`, "listen_addresses=127.0.0.1", ...flags];
    const args = ["-D", data, ...settings.flatMap((one) => ["-c", one])];
    const started = spawn(join(programs, "postgres"), args, {
      ...user,
      cwd: "/",
      env: { PATH: process.env.PATH, LC_ALL: "C" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    started.stderr?.on("data", (chunk: Buffer) => {
      keep(chunk);
      log = `${log}${chunk}`.slice(-10_000);
      if (log.includes("ready to accept connections")) resolve();
    });
    started.once("exit", () => reject(new Error(`PostgreSQL did not start:\n${log}`)));
    const timer = setTimeout(() => reject(new Error(`PostgreSQL is not ready:\n${log}`)), START_MS);
    child = started;
    release = guard(started.pid ?? 0, folder);
    await promise.finally(() => clearTimeout(timer));
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
    release();
  }

  const urlOf = (database: string): string =>
    `postgres://switchyard:${PASSWORD}@127.0.0.1:${port}/${database}`;

  /** The file's second part is run in the new database. */
  async function createDatabase(name: string): Promise<string> {
    const asSuperuser = async (database: string, statements: string): Promise<void> => {
      const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database });
      await client.connect();
      // Databases can't be created within a transaction, as several statements at once are.
      for (const one of statements.split(/;\n/).filter((text) => /^[a-z]/m.test(text)))
        await client.query(one);
      await client.end();
    };
    const text = readFileSync(SQL, "utf8").replace("create role", "-- once for all\ncreate role");
    const [first = "", second = ""] = text.split("\\c switchyard\n");
    const named = first.replace("create database switchyard", `create database ${name}`);
    await asSuperuser("postgres", name === "switchyard" ? first : named.replace(/create role.*\n/, ""));
    await asSuperuser(name, second);
    return urlOf(name);
  }

  await start();
  return {
    url: await createDatabase("switchyard"),
    port,
    dir: folder,
    get pid() {
      return child?.pid ?? 0;
    },
    createDatabase,
    async restart() {
      await end("SIGINT");
      await start();
    },
    async crash() {
      await end("SIGQUIT");
      await start();
    },
    halt: () => end("SIGINT"),
    async stop() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
