// What a process makes, and does not make, when it opens what it needs.
import { existsSync } from "node:fs";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../test/eventstore/server.ts";
import { type PostgresServer, startPostgres } from "../test/harness/postgres.ts";
import { readConfig } from "./config.ts";
import { resolveConnections } from "./connections.ts";
import { createHealth } from "./health.ts";
import { masterKeyFile } from "./kept-master-key.ts";
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";
import { createMetrics } from "./metrics.ts";
import { UnknownMasterKey } from "./vault/master-key.ts";
import { createYard, type Yard } from "./yard.ts";

const test = suite("a yard's vault");
const log = pino({ level: "silent" });
const opened: Lifecycle[] = [];
let postgres: PostgresServer;
test.before(async () => {
  postgres = await startPostgres();
});
test.after(async () => {
  for (const lifecycle of opened) await lifecycle.stop("the test is over");
  await postgres?.stop();
});

/** As the processes of a start see it. */
function yardOn(dataDir: string): Yard {
  const config = resolveConnections(
    readConfig({
      DATA_DIR: dataDir,
      DATABASE_URL: postgres.url,
      NATS_URL: "nats://127.0.0.1:1",
      EVENTSTORE_URL: "esdb://127.0.0.1:1?tls=false",
    }),
  );
  const lifecycle = createLifecycle({ log, deadlineMs: 10_000 });
  opened.push(lifecycle);
  return createYard({ config, log, metrics: createMetrics(), health: createHealth(), lifecycle });
}

test("makes a master key where no key is wrapped yet, and none beside keys of another one", async () => {
  const [first, second] = [temporaryFolder(), temporaryFolder()];
  await yardOn(first).vault();
  assert.ok(existsSync(masterKeyFile(first)));
  await yardOn(first).vault();

  const refused = await yardOn(second)
    .vault()
    .then(
      () => undefined,
      (error: Error) => error,
    );
  assert.instance(refused, UnknownMasterKey);
  assert.match(refused?.message ?? "", /and none is known here; give it as MASTER_KEY or MASTER_KEY_FILE/);
  assert.not.ok(existsSync(masterKeyFile(second)));
});

test.run();
