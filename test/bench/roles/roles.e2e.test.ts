import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { measureRoles } from "./measure.ts";
import { readOptions } from "./options.ts";
import { report } from "./report.ts";

// The benchmark itself with little, so that it does not rot.

const test = suite("The benchmark of roles");
const out = mkdtempSync(join(tmpdir(), "bench-roles-"));
test.after(() => rmSync(out, { recursive: true, force: true }));

test("it measures each role on a core of its own, and writes what a rate takes", async () => {
  const options = readOptions(["--n", "1500", "--pinned", "--out", out]);
  if (typeof options === "string") throw new Error(options);
  const results = await measureRoles(options);
  assert.equal(
    results.measurements.map(({ role }) => role),
    ["gateway", "relay", "leads", "identity", "partners", "projections", "timers"],
  );
  for (const { role, per_second, cpu_s_per_1000, others_cpu_s_per_1000, binds } of results.measurements) {
    assert.ok(per_second > 0 && cpu_s_per_1000 >= 0 && binds !== "", role);
    for (const part of ["event store", "PostgreSQL", "NATS"])
      assert.type(others_cpu_s_per_1000[part], "number");
  }
  report(results, out);
  const document = readFileSync(join(out, "capacity.md"), "utf8");
  assert.match(document, /\| cells \| 1 \|/);
  assert.not.match(document, /NaN|undefined|Infinity/);
});

test("wrong options are told, and nothing starts", () => {
  assert.match(`${readOptions(["--n", "5"])}`, /--n 5 is not a whole number from 100 on/);
  assert.match(`${readOptions(["--nonsense"])}`, /nonsense/);
});

test.run();
