// A launcher that is killed while it prepares PostgreSQL leaves programs that go on for a moment.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { preparePostgres } from "./postgres.ts";

const test = suite("a first start that is cut short");

const PREPARE = `
  const { preparePostgres } = await import(${JSON.stringify(new URL("./postgres.ts", import.meta.url).href)});
  await preparePostgres(process.argv[1], process.env, () => undefined);
`;

const foldersIn = (dataDir: string): readonly string[] =>
  readdirSync(dataDir).filter((name) => name.startsWith("postgres"));

/** How far the program is that prepares the data. */
const isWriting = (dataDir: string): boolean =>
  foldersIn(dataDir).some((name) => existsSync(join(dataDir, name, "base", "1")));

for (let round = 1; round <= 3; round += 1)
  test(`is begun anew at once, whatever the last one has left running (${round})`, async () => {
    const dataDir = temporaryDataFolder();
    const killed = spawn(process.execPath, ["--input-type=module", "-e", PREPARE, dataDir], {
      stdio: "ignore",
    });
    await until("the data are prepared", () => isWriting(dataDir));
    killed.kill("SIGKILL");
    await once(killed, "exit");
    await preparePostgres(dataDir, process.env, () => undefined);
    assert.ok(existsSync(join(dataDir, "postgres", "PG_VERSION")));
  });

test.run();
