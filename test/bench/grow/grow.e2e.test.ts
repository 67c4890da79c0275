import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grow } from "./grow.ts";
import { readOptions } from "./options.ts";
import type { Results } from "./results.ts";

// The benchmark itself with little, so that it does not rot: it is stopped, and goes on.

const test = suite("The growth benchmark");
const folder = mkdtempSync(join(tmpdir(), "bench-grow-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function options(n: number, steps: number) {
  const given = { n, steps, rest: 0, requests: 10, data: join(folder, "data"), out: join(folder, "docs") };
  const read = readOptions(Object.entries(given).flatMap(([name, value]) => [`--${name}`, `${value}`]));
  if (typeof read === "string") throw new Error(read);
  return read;
}

const results = (): Results => JSON.parse(readFileSync(join(folder, "docs/growth/results.json"), "utf8"));

test("it measures every step, and a later run goes on where the one before ended", async () => {
  const never = new AbortController().signal;
  assert.ok(await grow(options(400, 1), never));
  const first = results();
  assert.is(first.steps.length, 1);
  assert.ok(await grow(options(800, 2), never));
  const { steps, chunks, exact } = results();
  assert.ok(exact);
  assert.equal(steps[0], first.steps[0]);
  assert.is(steps.length, 2);
  const [, last] = steps;
  if (last === undefined) throw new Error("no second step");
  // The submissions to take over and those that end as dead letters count too.
  assert.ok(last.submissions >= 800 && last.submissions <= 900, `${last.submissions}`);
  for (const chunk of chunks)
    for (const name of ["gateway", "worker", "event store", "PostgreSQL", "NATS"])
      assert.ok((chunk.cpu_s_per_1000[name] ?? 0) > 0, `${name} of ${JSON.stringify(chunk)}`);
  assert.ok(last.takeover_s > 0 && last.start_s > 0);
  for (const part of ["event store", "JetStream", "vault", "PostgreSQL: leads"])
    assert.ok((last.disk[part] ?? 0) > 0, part);
  for (const [page, { p50, p99 }] of Object.entries(last.pages)) assert.ok(p50 > 0 && p99 >= p50, page);
  assert.is(Object.keys(last.pages).length, 10);
});

test("it writes a document with a plot of each family", () => {
  const document = readFileSync(join(folder, "docs/growth.md"), "utf8");
  const images = [...document.matchAll(/\]\((growth\/[\w-]+\.svg)\)/g)].map(([, path = ""]) => path);
  assert.is(images.length, 7);
  for (const path of images) assert.ok(existsSync(join(folder, "docs", path)), path);
  assert.not.match(document, /NaN|undefined/);
});

test("wrong options are told, and nothing starts", () => {
  assert.match(`${readOptions(["--n", "0"])}`, /--n 0 is not a whole number/);
  assert.match(`${readOptions(["--n", "3", "--steps", "4"])}`, /more than --n/);
  assert.match(`${readOptions(["--nonsense"])}`, /nonsense/);
});

test.run();
