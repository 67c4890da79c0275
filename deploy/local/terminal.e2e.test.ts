// What a terminal does to the launcher when it is closed: it tells npm as well, and often more than once.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { until } from "../../test/harness/wait.ts";
import { startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";

const test = suite("npm start in a terminal that is closed");
const dataDir = temporaryDataFolder();
const LAUNCHER = fileURLToPath(import.meta.resolve("./fixtures/launcher.ts"));
/** As npm starts it: its child, and killed by what it does not handle. */
const LIKE_NPM = '"$@" & echo "launcher $!"; wait';

/** Something that is under way, and whether it has been answered. */
async function beginSlow(port: number): Promise<{ readonly answered: Promise<boolean> }> {
  const answered = request(`http://127.0.0.1:${port}/slow`).then(
    ({ statusCode }) => statusCode === 200,
    () => false,
  );
  await request(`http://127.0.0.1:${port}/`).then(({ body }) => body.dump());
  return { answered };
}

test("finishes what was begun, although npm is gone before it has", async () => {
  const port = await freePort();
  const npm = spawn("/bin/sh", ["-c", LIKE_NPM, "npm", process.execPath, LAUNCHER, "application"], {
    env: { ...process.env, npm_lifecycle_event: "start", DATA_DIR: dataDir, PORT: `${port}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  npm.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  // Ends with the last process that could write to it.
  const ended = once(npm.stdout, "close");
  await until("it is ready", () => output.includes("Switchyard is ready"), 60_000);
  const slow = await beginSlow(port);
  process.kill(Number(/launcher (\d+)/.exec(output)?.[1]), "SIGHUP");
  npm.kill("SIGHUP");
  await ended;
  assert.match(output, "Switchyard has stopped");
  assert.not.match(output, "Ended at once");
  assert.ok(await slow.answered);
});

test("takes it for no second Ctrl-C when it is told again", async () => {
  const port = await freePort();
  const yard = startLauncher(dataDir, { PORT: `${port}` }, "application");
  assert.ok(await yard.ready, yard.output());
  const slow = await beginSlow(port);
  yard.signal("SIGHUP");
  await until("it is stopping", () => yard.output().includes("Stopping"));
  const again = setInterval(() => yard.signal("SIGHUP"), 100);
  assert.is(await yard.exited, 0, yard.output());
  clearInterval(again);
  assert.ok(await slow.answered);
});

test.run();
