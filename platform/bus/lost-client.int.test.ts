// A client that vanished without a word leaves its subscriptions at the server, which goes on sending them what others should get.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { startHalfOpenProxy } from "../../test/harness/half-open-proxy.ts";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { connectBus } from "./bus.ts";

const test = suite("a client of NATS that vanished");
const log = createLog({ level: "silent", name: "test", instance: "test" });

test("is asked no more after a few seconds", async () => {
  const monitor = `127.0.0.1:${await freePort()}`;
  const nats = await startNats({ config: `http: "${monitor}"` });
  /** By their numbers; the one that vanishes comes back over a new one. */
  const connections = async (): Promise<readonly number[]> => {
    const { connections } = (await (await fetch(`http://${monitor}/connz`)).json()) as {
      readonly connections: readonly { readonly cid: number; readonly name: string }[];
    };
    return connections.filter(({ name }) => name === "vanishes").map(({ cid }) => cid);
  };
  const proxy = await startHalfOpenProxy(nats.port);
  const bus = await connectBus({ url: nats.url, name: "asks", log });
  const vanishing = await connectBus({ url: `nats://127.0.0.1:${proxy.port}`, name: "vanishes", log });
  try {
    await bus.serve("who", "crew", async () => Buffer.from("stays"));
    await vanishing.serve("who", "crew", async () => Buffer.from("vanishes"));
    const answers = async (): Promise<string[]> => {
      const all = await Promise.all(
        Array.from({ length: 20 }, () =>
          bus.request("who", new Uint8Array(), 500).catch(() => Buffer.from("nobody")),
        ),
      );
      return all.map((answer) => Buffer.from(answer).toString());
    };
    await until("both are asked", async () => new Set(await answers()).size === 2);
    const [lost = 0] = await connections();
    proxy.lose();
    assert.ok((await answers()).includes("nobody"), "the server has not noticed yet");
    // Asking would put it off: NATS before 2.10 takes what it sends for a sign of life.
    await until("the server has noticed", async () => !(await connections()).includes(lost));
    assert.not((await answers()).includes("nobody"));
  } finally {
    await vanishing.close();
    await bus.close();
    await proxy.close();
    await nats.stop();
  }
});

test.run();
