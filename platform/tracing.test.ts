import { globSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../test/harness/wait.ts";
import { createLog } from "./log.ts";
import { openTracing } from "./tracing.ts";

const test = suite("spans");
const log = createLog({ level: "silent", name: "test", instance: "test" });

const span = { id: "00f067aa0ba902b7", startMs: 1, endMs: 2 };
const collectors: Server[] = [];
test.after(() => {
  for (const one of collectors) one.close();
});

/** `names` are those of spans that it took; `refused` is done once it has refused some. */
async function startCollector(answer: () => Promise<number>) {
  const names: string[] = [];
  const { promise: refused, resolve: refuse } = Promise.withResolvers<void>();
  const collector = createServer(async (request, response) => {
    const sent = await json(request);
    const status = await answer();
    response.writeHead(status).end();
    if (status !== 200) return refuse();
    const { resourceSpans } = sent as { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] };
    names.push(...(resourceSpans[0]?.scopeSpans[0]?.spans ?? []).map(({ name }) => name));
  });
  collectors.push(collector);
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  return { endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`, names, refused };
}

test("are made by code that is loaded only where it is wanted", () => {
  const files = globSync("{domain,platform,services,projections,deploy}/**/*.ts").filter(
    (path) => !path.endsWith(".test.ts"),
  );
  const importers = files.filter((path) =>
    /^import (?!type\b).*\/tracing\.ts"/m.test(readFileSync(path, "utf8")),
  );
  assert.ok(files.length > 300);
  assert.equal(importers, []);
});

test("are kept while nobody takes them, but not without end", async () => {
  let refuses = true;
  const { endpoint, names, refused } = await startCollector(async () => (refuses ? 503 : 200));
  const tracing = openTracing({ endpoint, name: "gateway", instance: "one", log });
  tracing.add({ ...span, name: "of no trace", trace: "0".repeat(32) });
  for (let n = 0; n < 10_005; n += 1) tracing.add({ ...span, name: `${n}`, trace: "a".repeat(32) });
  await refused;
  refuses = false;
  await until("all that are kept have come", () => names.length === 10_000);
  assert.is(names[0], "0");
  assert.is(names.at(-1), "9999");
  await tracing.close();
});

test("are all sent at the end, also while others are on their way", async () => {
  const arrived = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const { endpoint, names } = await startCollector(async () => {
    arrived.resolve();
    await mayAnswer.promise;
    return 200;
  });
  const tracing = openTracing({ endpoint, name: "gateway", instance: "one", log });
  tracing.add({ ...span, name: "on its way", trace: "a".repeat(32) });
  await arrived.promise;
  tracing.add({ ...span, name: "the last", trace: "b".repeat(32) });
  const closed = tracing.close();
  mayAnswer.resolve();
  await closed;
  assert.equal(names, ["on its way", "the last"]);
});

test.run();
