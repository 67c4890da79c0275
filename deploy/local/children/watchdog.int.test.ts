// How the watchdog waits. That it ends what a killed launcher has left is tested with the launcher.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childrenOf } from "../../../test/bench/eventstore/measure.ts";
import { until } from "../../../test/harness/wait.ts";
import { createChildren } from "./children.ts";
import { identityOf, isAlive } from "./process-identity.ts";

const test = suite("watchdog");
const dataDir = mkdtempSync(join(tmpdir(), "watchdog-"));
test.after(() => rmSync(dataDir, { recursive: true, force: true }));

const of = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
const megabytes = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(of(pid, "smaps_rollup"))?.[1]) / 1024;

test("waits in a few megabytes, deaf to signals, until the launcher lets go of it", async () => {
  const children = createChildren({
    ...{ dataDir, env: process.env, owner: true },
    say: () => undefined,
    onGiveUp: () => undefined,
  });
  const pid = await until("the watchdog runs", () =>
    childrenOf(process.pid).find((one) => of(one, "cmdline").includes("watchdog.ts")),
  );
  const identity = identityOf(pid) ?? "";
  // The shell ignores them from its first command on.
  await until("it is deaf", () => /^SigIgn:\s*[0-9a-f]*4003$/m.test(of(pid, "status")));
  assert.ok(megabytes(pid) < 4);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(pid, signal);
  assert.ok(isAlive({ pid, identity }));
  children.close();
  await until("it has ended", () => !isAlive({ pid, identity }));
});

test.run();
