// Who may use PostgreSQL: one role, which owns its database and is no superuser. The superuser exists without a password, and only
// whoever can start the server's program on its files acts as it: the launcher, while the server does not run. See docs/decisions/0036.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "#platform/config.ts";
import { readKept } from "#platform/kept-file.ts";
import { Problem } from "../problem.ts";
import type { PostgresHome } from "./postgres-home.ts";

export const DATABASE = "switchyard";
/** Another name than the superuser's in the folders of earlier versions, which was the database's. */
export const APPLICATION = "application";

const execute = promisify(execFile);

/** A statement a line, as the server's program takes them. */
const ROLE = (password: string): readonly string[] => [
  `do $$ begin if to_regrole('${APPLICATION}') is null then create role ${APPLICATION}; end if; end $$`,
  `alter role ${APPLICATION} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password '${password}'`,
  "do $$ begin execute format('alter role %I password null', current_user); end $$",
  // To remove destroyed keys from the write-ahead log. See docs/decisions/0094.
  `grant pg_checkpoint to ${APPLICATION}`,
  `grant execute on function pg_switch_wal() to ${APPLICATION}`,
];

/** Of what an earlier version made as superuser. Sequences of columns follow their table. */
const OWNERSHIP: readonly string[] = [
  `alter database ${DATABASE} owner to ${APPLICATION}`,
  oneLine(`do $$ declare one record; begin
    for one in select nspname from pg_namespace where nspowner = 10 and nspname !~ '^pg_' and nspname not in ('public', 'information_schema') loop
      execute format('alter schema %I owner to ${APPLICATION}', one.nspname);
    end loop;
    for one in select oid::regclass as name from pg_class where relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
      and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i')) loop
      execute format('alter table %s owner to ${APPLICATION}', one.name);
    end loop;
  end $$`),
];

/** Comes last of all that is done for access, so that it tells whether that is finished, and for which password. */
function rulesFor(password: string): string {
  const fingerprint = createHash("sha256").update(password).digest("hex");
  return `# Written by Switchyard. Nobody but its own role gets in, and nowhere but to its database.
host ${DATABASE} ${APPLICATION} 127.0.0.1/32 scram-sha-256
# It may write checkpoints.
# For the password with the SHA-256 ${fingerprint}
`;
}

const rulesIn = (data: string): string => join(data, "pg_hba.conf");

export function isAllowed({ data }: PostgresHome, password: string): boolean {
  return readKept(rulesIn(data)) === rulesFor(password);
}

/** In a folder that has just been initialised. */
export async function createDatabase(home: PostgresHome, password: string, env: Environment): Promise<void> {
  await asSuperuser(home, "template1", env, [
    ...ROLE(password),
    `create database ${DATABASE} owner ${APPLICATION}`,
  ]);
  writeRules(home, password);
}

/** In a folder of an earlier version, or whose password was lost. Repeating it changes nothing. */
export async function allowAccess(home: PostgresHome, password: string, env: Environment): Promise<void> {
  await asSuperuser(home, DATABASE, env, [...ROLE(password), ...OWNERSHIP]);
  writeRules(home, password);
}

function writeRules({ data, user }: PostgresHome, password: string): void {
  writeFileSync(rulesIn(data), rulesFor(password), { mode: 0o600, flush: true });
  if (user !== undefined) chownSync(rulesIn(data), user.uid, user.gid);
}

async function asSuperuser(
  { data, user, postgres }: PostgresHome,
  database: string,
  env: Environment,
  statements: readonly string[],
): Promise<void> {
  // No statement of these is logged: one holds the password.
  const silent = ["-c", "log_min_error_statement=panic", "-c", "log_statement=none"];
  const args = ["--single", "-D", data, ...silent, database];
  const said = await runProgram(postgres, args, { user, env }, `${statements.join("\n")}\n`);
  // It goes on after an error, and ends as if nothing were wrong.
  const error = /\b(?:ERROR|FATAL|PANIC):.*/.exec(said)?.[0];
  if (error !== undefined) throw new Problem(`PostgreSQL's role could not be made: ${error}`);
}

/** Returns what it wrote to stderr. */
export async function runProgram(
  command: string,
  args: readonly string[],
  { user, env }: { readonly user: PostgresHome["user"]; readonly env: Environment },
  input = "",
): Promise<string> {
  const running = execute(command, args, { cwd: "/", env, ...user });
  running.child.stdin?.end(input);
  const { stderr } = await running.catch((error: Error) => {
    throw new Problem(`PostgreSQL's data folder could not be prepared: ${error.message}`);
  });
  return stderr;
}

function oneLine(statement: string): string {
  return statement.replaceAll(/\s+/g, " ");
}
