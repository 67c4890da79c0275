// Whoever purges destroyed keys is killed in the middle of writing their table anew: the next process finishes it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#platform/vault/vault.ts";
import { type NodeProcess, startNode } from "../../test/harness/process.ts";
import { filesBelow } from "../../test/harness/stored-bytes.ts";
import { until } from "../../test/harness/wait.ts";
import { yardEnvironment } from "../../test/harness/yard-environment.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";

const test = suite("a purge of keys that is killed");
const MAIN = new URL("main.ts", import.meta.url).pathname;
/** So many that writing their table anew can be caught in the act. */
const OTHER_KEYS = 20_000;
let yard: TestYard;
let running: NodeProcess | undefined;
let writing: number | undefined;

test.before(async () => {
  yard = await startTestYard();
});
test.after(async () => {
  // PostgreSQL could not end while one of its processes stands still.
  if (writing !== undefined) signal(writing, "SIGCONT");
  await running?.kill();
  await yard?.stop();
});

async function startProcess(): Promise<void> {
  running = await startNode(MAIN, {
    ...yardEnvironment(yard.config),
  });
}

async function destroyedKey(id: string): Promise<string> {
  const vault = await yard.own.vault();
  await vault.ensureKeys([id]);
  const [row] = await yard.own
    .database()
    .query<{ wrapped: string }>("select wrapped from vault.keys where id = $1", [id]);
  await vault.destroy([id]);
  return (JSON.parse(row?.wrapped ?? "") as Sealed).data;
}

/** In the partition of this key, so that writing it anew takes its time. */
async function fillPartitionOf(id: string): Promise<void> {
  await yard.own.database().execute(
    `with wanted as (
       select remainder from generate_series(0, 15) remainder
       where satisfies_hash_partition('vault.keys'::regclass, 16, remainder, $1::text)
     )
     insert into vault.keys (id, wrapped, master)
     select other, repeat(md5(other), 50), '' from wanted,
       lateral (select 'other-' || n as other from generate_series(1, $2::int * 16) n) all_others
     where satisfies_hash_partition('vault.keys'::regclass, 16, remainder, other) on conflict do nothing`,
    [id, OTHER_KEYS],
  );
}

async function isPurged(id: string): Promise<boolean> {
  const [row] = await yard.own
    .database()
    .query<{ purged: boolean }>("select purged_at is not null as purged from vault.keys where id = $1", [id]);
  return row?.purged === true;
}

function signal(pid: number, what: NodeJS.Signals): void {
  try {
    process.kill(pid, what);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** From now on PostgreSQL stands still in the middle of writing a table anew; the pid of who does that. */
async function stopWritingAnew(): Promise<number> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    const [row] = await yard.own
      .database()
      .query<{ pid: number }>("select pid from pg_stat_progress_cluster where command = 'VACUUM FULL'");
    if (row === undefined) continue;
    writing = row.pid;
    signal(writing, "SIGSTOP");
    return writing;
  }
  throw new Error("no table was written anew");
}

const isAnywhere = (bytes: string): boolean =>
  filesBelow(yard.parts.postgres.dir).some(({ content }) => content.includes(bytes));

async function finishes(id: string, bytes: string): Promise<void> {
  assert.not.ok(await isPurged(id));
  assert.ok(isAnywhere(bytes), "what was not purged is still there");
  await startProcess();
  await until("the next process has purged it", () => isPurged(id), 60_000);
  assert.not.ok(isAnywhere(bytes));
  const rows = await yard.own
    .database()
    .query<{ others: number }>(
      "select count(*)::int as others from vault.keys where id like 'other-%' and length(wrapped) = 1600",
    );
  assert.ok((rows[0]?.others ?? 0) > OTHER_KEYS / 2, "all others are as they were");
  await running?.kill();
}

test("with its process is finished by the next one", async () => {
  const bytes = await destroyedKey("person-killed");
  await fillPartitionOf("person-killed");
  const [writer] = await Promise.all([stopWritingAnew(), startProcess()]);
  await running?.kill();
  signal(writer, "SIGCONT");
  await until("what it had begun is over", async () => {
    const rows = await yard.own.database().query("select 1 from pg_stat_activity where pid = $1", [writer]);
    return rows.length === 0;
  });
  await finishes("person-killed", bytes);
});

test("together with PostgreSQL is finished after both are back", async () => {
  const bytes = await destroyedKey("person-crashed");
  await fillPartitionOf("person-crashed");
  const [writer] = await Promise.all([stopWritingAnew(), startProcess()]);
  await running?.kill();
  signal(writer, "SIGKILL");
  await yard.parts.postgres.crash();
  await finishes("person-crashed", bytes);
});

test.run();
