// Readers that are gone before they are read to.
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import { createServer } from "../http/server.ts";
import type { Hub } from "./hub.ts";
import { streamRoutes } from "./routes.ts";

const test = suite("readers that leave early");

test("nobody looks after one that left before the stream began", async () => {
  const began = Promise.withResolvers<bigint>();
  let asked = 0;
  let removed = 0;
  const hub: Hub = {
    begin() {
      asked += 1;
      return began.promise;
    },
    add: async () => undefined,
    remove() {
      removed += 1;
    },
    close: async () => undefined,
  };
  const lookedAfter: (string | undefined)[] = [];
  const isStillIn = async ({ reader }: { readonly reader?: string }): Promise<boolean> => {
    lookedAfter.push(reader);
    return true;
  };
  const app = createServer(pino({ level: "silent" }));
  await app.register(streamRoutes({ hub, identify: { isStillIn } as never, lookEveryMs: 10 }));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const connections = promisify(app.server.getConnections.bind(app.server));
  const read = (reader: string) => {
    const reading = request({ host: "127.0.0.1", port, path: "/api/stream", headers: { reader } });
    reading.on("error", () => undefined);
    reading.end();
    return reading;
  };
  try {
    const early = read("early");
    await until("the stream is to begin", () => asked === 1);
    early.destroy();
    await until("the server knows that it is gone", async () => (await connections()) === 0);
    began.resolve(1n);
    await until("the hub is told", () => removed === 1);
    const late = read("late");
    await until("the other is looked after", () => lookedAfter.filter((one) => one === "late").length > 5);
    late.destroy();
    assert.not(lookedAfter.includes("early"));
  } finally {
    await app.close();
  }
});

test.run();
