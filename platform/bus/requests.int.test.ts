import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { connectBus } from "./bus.ts";
import { REQUEST_ID } from "./requests.ts";

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

requests("works once on what is asked again meanwhile, and answers all of them", async () => {
  const finish = Promise.withResolvers<void>();
  let asked = 0;
  const serving = await bus.serve("slow", "test", async () => {
    asked += 1;
    await finish.promise;
    return Buffer.from(`${asked}`);
  });
  const ask = async (id: string): Promise<string> =>
    Buffer.from(await bus.request("slow", TEXT, 10_000, { [REQUEST_ID]: id })).toString();
  const answers = [ask("one"), ask("one")];
  // Messages of one connection come in their order.
  answers.push(ask("other"));
  await until("the last of them came", () => asked === 2);
  finish.resolve();
  assert.equal(await Promise.all(answers), ["2", "2", "2"]);
  assert.is(await ask("one"), "3", "what is asked once it was answered is new work");
  await serving.close();
});

requests.run();
