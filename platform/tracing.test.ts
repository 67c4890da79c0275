import { globSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../test/harness/wait.ts";
import { createLog } from "./log.ts";
import { openTracing } from "./tracing.ts";

const test = suite("spans");
const log = createLog({ level: "silent", name: "test", instance: "test" });

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
  const names: string[] = [];
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(refuses ? 503 : 200).end();
      if (refuses) return;
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
      names.push(...resourceSpans[0].scopeSpans[0].spans.map(({ name }: { name: string }) => name));
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  const tracing = openTracing({ endpoint, name: "gateway", instance: "one", log });
  const span = { id: "00f067aa0ba902b7", startMs: 1, endMs: 2 };
  tracing.add({ ...span, name: "of no trace", trace: "0".repeat(32) });
  for (let n = 0; n < 10_005; n += 1) tracing.add({ ...span, name: `${n}`, trace: "a".repeat(32) });
  await new Promise<void>((resolve) => collector.once("request", () => resolve()));
  refuses = false;
  await until("all that are kept have come", () => names.length === 10_000);
  assert.is(names[0], "0");
  assert.is(names.at(-1), "9999");
  tracing.add({ ...span, name: "the last", trace: "b".repeat(32) });
  await tracing.close();
  assert.is(names.at(-1), "the last");
  collector.close();
});

test.run();
