import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const logs = suite("log");

logs("shows who speaks and about what, and hides persons and secrets", () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL("./log.ts", import.meta.url).href)};
    const log = createLog({ level: "info", name: "relay", instance: "i-1" }).child({ trace_id: "t1", lead_id: "l1" });
    log.info({ email: "ada@example.org", headers: { authorization: "Bearer hush", "webhook-signature": "v1,hush" },
      submission: { full_name: "Ada L", phone: "+41", interest: "Finance" }, payload: { a: 1 } }, "taken in");
    log.debug("not shown");
  `;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  const lines = stdout.trim().split("\n");
  assert.is(lines.length, 1);
  const told = JSON.parse(lines[0] ?? "");
  assert.is(told.name, "relay");
  assert.is(told.instance, "i-1");
  assert.is(told.trace_id, "t1");
  assert.is(told.submission.interest, "Finance");
  assert.not.match(stdout, /hush|ada@|Ada L|\+41/);
});

logs.run();
