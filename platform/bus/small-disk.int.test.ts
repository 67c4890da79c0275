import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLifecycle } from "../lifecycle.ts";
import { createLog } from "../log.ts";
import { connectBus } from "./bus.ts";

const disks = suite("a small disk of JetStream");
const startWithRoom = (megabytes: number) =>
  startNats({ config: `jetstream { max_file_store: ${megabytes}MB }` });

disks("is shared out among the streams", async () => {
  const nats = await startWithRoom(100);
  const log = createLog({ level: "silent", name: "test", instance: "test" });
  const bus = await connectBus({ url: nats.url, name: "test", log });
  await bus.publish("submissions.demo", Buffer.from("a"), { id: "1" });
  assert.is((await bus.lastMessage("SUBMISSIONS"))?.seq, 1);
  await bus.close();
  await nats.stop();
});

disks("is told when it has no room at all, with what to do, and waited for", async () => {
  const nats = await startWithRoom(5);
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const lifecycle = createLifecycle({ log, deadlineMs: 1_000 });
  const connecting = connectBus({ url: nats.url, name: "test", log, lifecycle });
  const warning = await until("it is told", async () =>
    lines.find((line) => line.includes("not declared yet")),
  );
  assert.match(warning, /JetStream has no room for the stream \w+: make room on its disk/);
  await lifecycle.stop("end of the test");
  assert.match(`${await connecting.catch(String)}`, /stopped before the streams were declared/);
  await nats.stop();
});

disks.run();
