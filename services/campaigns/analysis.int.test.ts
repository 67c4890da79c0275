import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AnalysisService } from "#domain/analysis/service.ts";
import { MemberId } from "#domain/ids.ts";
import { newUuid } from "#platform/ids.ts";
import { until } from "../../test/harness/wait.ts";
import { createAnalysis } from "./analysis.ts";

const test = suite("analysis services");
const abandon = new AbortController().signal;

async function service(
  sentiment: string,
): Promise<{ readonly server: Server; answer(): void; asked: number }> {
  const released = Promise.withResolvers<void>();
  const one = { server: createServer(), answer: released.resolve, asked: 0 };
  one.server.on("request", async (_request, response) => {
    one.asked += 1;
    await released.promise;
    response.end(JSON.stringify({ sentiment }));
  });
  await once(one.server.listen(0, "127.0.0.1"), "listening");
  return one;
}

const settingsOf = (server: Server) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const retry = { max_attempts: 1 };
  const read = AnalysisService.parse({ type: "http", url, concurrency: 1, retry });
  if (read.type !== "http") throw new Error("it is one over HTTP");
  return read;
};

test("that are configured while somebody waits for them are asked anew, and nobody loses a try", async () => {
  const analysis = createAnalysis({ allowPrivate: true, metrics: { retriesTotal: { inc() {} } } as never });
  const [first, second] = [await service("positive"), await service("negative")];
  second.answer();
  const ask = (settings: AnalysisService) =>
    analysis.ask("words", settings, { member_id: MemberId.parse(newUuid()), text: "well" }, abandon);
  const before = settingsOf(first.server);
  const asked = ask(before);
  await until("it is asked", () => first.asked === 1);
  const waits = ask(before).then(
    (answer) => JSON.stringify(answer),
    (error: Error) => error.name,
  );
  assert.equal(await ask(settingsOf(second.server)), { sentiment: "negative" });
  first.answer();
  assert.equal(await asked, { sentiment: "positive" });
  assert.is(await waits, "Reconfigured");
  await analysis.close();
  for (const { server } of [first, second]) server.close().closeAllConnections();
});

test.run();
