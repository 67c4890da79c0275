import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SubmissionId } from "#domain/ids.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../../test/harness/wait.ts";
import { createServer } from "../http/server.ts";
import type { Intake } from "./receive.ts";
import { intakeRoutes } from "./routes.ts";
import { createWaitingLine } from "./waiting-line.ts";

const gaveUp = suite("senders that give up");

gaveUp("whoever gave up while it waited for room takes none", async () => {
  const first = Promise.withResolvers<void>();
  let received = 0;
  const intake: Intake = {
    async receive() {
      received += 1;
      if (received === 1) await first.promise;
      return { id: "an id" as SubmissionId, position: 1n, duplicate: false };
    },
    receiveUncounted: () => Promise.reject(new Error("nothing is published")),
    count: () => undefined,
    refuse: (_about, why) => why,
  };
  const line = createWaitingLine({ room: () => 1, maxWaitMs: () => 60_000 });
  const app = createServer(createLog({ level: "silent", name: "test", instance: "test" }));
  await app.register(intakeRoutes(intake, { wait: async () => undefined }, line));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const submit = () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(
      "POST /api/submit HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    );
    return socket;
  };
  try {
    const inside = submit();
    await until("one is inside", () => received === 1);
    const impatient = submit();
    await until("another waits", () => line.waiting === 1);
    impatient.destroy();
    await until("the server knows that it is gone", async () => (await connectionsOf(app.server)) === 1);
    first.resolve();
    const [answer] = await once(inside, "data");
    assert.match(String(answer), /^HTTP\/1.1 202 /);
    const next = submit();
    await until("the next one is received", () => received === 2, 5_000);
    inside.destroy();
    next.destroy();
  } finally {
    await app.close();
  }
});

const connectionsOf = (server: Server): Promise<number> => promisify(server.getConnections.bind(server))();

gaveUp.run();
