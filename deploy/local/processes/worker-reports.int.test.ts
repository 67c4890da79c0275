import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLifecycle } from "#platform/lifecycle.ts";
import { createLog } from "#platform/log.ts";
import { startNats } from "../../../test/harness/nats.ts";
import { until } from "../../../test/harness/wait.ts";
import { createWorkerReports } from "./worker-reports.ts";

const test = suite("what the launcher reports");
const nats = await startNats();
test.after(async () => {
  process.kill(nats.pid, "SIGCONT");
  await nats.stop();
});

test("takes no time from the processes' own end, though NATS answers nothing any more", async () => {
  const log = createLog({ level: "silent", name: "launcher", instance: "test" });
  const lifecycle = createLifecycle({ log, deadlineMs: 60_000 });
  let areTold = false;
  lifecycle.own("processes", () => {
    areTold = true;
  });
  const reports = createWorkerReports("test", lifecycle);
  reports.begin({ name: "simulator", roles: ["simulator"] }).running();
  await reports.connect({ url: nats.url });
  process.kill(nats.pid, "SIGSTOP");
  const stopped = lifecycle.stop("test");
  await until("the processes are told to end", () => areTold, 5_000);
  await stopped;
  assert.ok(areTold);
});

test.run();
