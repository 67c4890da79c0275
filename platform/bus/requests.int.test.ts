import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { connectBus } from "./bus.ts";

const requests = suite("requests and broadcasts");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
const TEXT = Buffer.from("x");

requests.after(async () => {
  await bus.close();
  await nats.stop();
});

requests("hears what comes after a broadcast that somebody can't read", async () => {
  const heard: string[] = [];
  const serving = await bus.serve("asked", "test", async () => TEXT);
  const listening = bus.listen("news", (data) => {
    const text = Buffer.from(data).toString();
    heard.push(text);
    if (text === "bad") throw new Error("can't be read");
  });
  bus.broadcast("news", Buffer.from("bad"));
  bus.broadcast("news", Buffer.from("good"));
  await until("both came", () => heard.length === 2);
  assert.equal(Buffer.from(await bus.request("asked", TEXT, 2_000)), TEXT);
  await Promise.all([listening.close(), serving.close()]);
});

requests.run();
