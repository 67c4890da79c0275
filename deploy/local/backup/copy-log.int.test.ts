import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { jsonEvent } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../../test/eventstore/client.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";
import { copyLog } from "./copy-log.ts";

const test = suite("taking a copy of the log away");
const disk = smallDisk();
test.after(() => {
  if (disk) execFileSync("umount", ["--lazy", disk]);
});

/** A folder of a megabyte on a disk of its own, where this process may mount one. */
function smallDisk(): string | undefined {
  const dir = temporaryFolder("small-disk-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir], { stdio: "ignore" });
    return dir;
  } catch {
    return undefined;
  }
}

test("to a disk that is too small leaves nothing of it, there or where it was made", async () => {
  if (disk === undefined) return console.log("skipped: a small disk can only be mounted by root");
  const server = await startEventStore({ dir: temporaryFolder() });
  const client = connect(server);
  const data = { text: "x".repeat(500_000) };
  for (let n = 0; n < 4; n += 1) await client.appendToStream("large", jsonEvent({ type: "Written", data }));
  const copied = await copyLog(`esdb://127.0.0.1:${server.port}?tls=false`, join(disk, "events.db")).then(
    () => "copied",
    (error: Error) => error.message,
  );
  assert.match(copied, "ENOSPC");
  assert.equal(readdirSync(disk), []);
  assert.equal(
    readdirSync(server.dir).filter((name) => name.startsWith("copy")),
    [],
  );
  await client.dispose();
  await server.stop();
});

test.run();
