// The process: its command line, how it stops, and that it does not outlive its parent.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, events, streamName, until } from "../../test/eventstore/client.ts";
import { startEventStore, temporaryFolder } from "../../test/eventstore/server.ts";

const test = suite("process");
const MAIN = new URL("main.ts", import.meta.url).pathname;

async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("prints its options with --help", async () => {
  const { code, stdout } = await run("--help");
  assert.is(code, 0);
  for (const flag of ["--port", "--data", "--host", "--tls-cert", "--user", "--die-with-parent"])
    assert.match(stdout, flag);
});

test("ends with code 2 and a reason after a wrong command line", async () => {
  const { code, stdout, stderr } = await run("--port", "seventy");
  assert.is(code, 2);
  assert.match(stderr, /--port must be a number/);
  assert.is(stdout, "");
});

test("ends with code 1 and a reason when the port is taken", async () => {
  const server = await startEventStore({ dir: temporaryFolder() });
  const { code, stderr } = await run("--port", `${server.port}`, "--data", temporaryFolder());
  assert.is(code, 1);
  assert.match(stderr, /EADDRINUSE/);
  await server.stop();
});

test("stops cleanly within five seconds while clients write, read and do not read", async () => {
  const server = await startEventStore({ dir: temporaryFolder() });
  const client = connect(server);
  const stream = streamName();
  await client.appendToStream(stream, events(5_000));
  const ends: unknown[] = [];
  const reading = client.subscribeToAll();
  let caughtUp = false;
  reading.on("caughtUp", () => {
    caughtUp = true;
  });
  reading.on("data", () => {}).on("error", (error) => ends.push(codeOf(error)));
  // Nobody reads from it, so its events stay with the server.
  const unread = client.subscribeToStream(stream).on("error", (error) => ends.push(codeOf(error)));
  await until(() => caughtUp && unread.readableLength > 0);
  let acknowledged = 0;
  const writing = (async () => {
    for (;;) acknowledged = Number((await client.appendToStream(stream, events(1))).nextExpectedRevision);
  })().catch(codeOf);
  await until(() => acknowledged > 5_010);

  const start = Date.now();
  const exit = await server.stop();
  assert.is(exit.code, 0);
  assert.ok(Date.now() - start < 5_000, `took ${Date.now() - start} ms`);
  // The client wraps most of these errors in classes of its own, but not one that meets it while it reconnects.
  const isEnd = (code: unknown): boolean => code === status.UNAVAILABLE || code === status.CANCELLED;
  assert.ok(isEnd(await writing), `the writer ended with ${await writing}`);
  assert.ok(ends.length > 0 && ends.every(isEnd), `the readers ended with ${ends}`);
  await client.dispose();

  const again = await startEventStore({ dir: server.dir });
  const reader = connect(again);
  let last = -1;
  for await (const { event } of reader.readStream(stream, {
    direction: "backwards",
    fromRevision: "end",
    maxCount: 1,
  }))
    last = Number(event?.revision);
  assert.ok(last >= acknowledged);
  await reader.dispose();
  await again.stop();
});

test("ends at once after a second signal", async () => {
  const server = await startEventStore({ dir: temporaryFolder() });
  const client = connect(server);
  await client.appendToStream("stream", events(5_000));
  const unread = client.subscribeToStream("stream").on("error", () => {});
  await until(() => unread.readableLength > 0);
  process.kill(server.pid, "SIGTERM");
  await until(() => server.log().includes("stopping"));
  process.kill(server.pid, "SIGINT");
  const { code } = await server.exited;
  assert.is(code, 1);
  await client.dispose();
});

for (const stdin of ["pipe", "ignore"] as const) {
  test(`stops when its parent is killed, with "${stdin}" as its stdin`, async () => {
    // A parent in between, because this process must survive it.
    const script = `
      const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, ${JSON.stringify([MAIN, "--port", "0", "--data", temporaryFolder(), "--die-with-parent"])},
        { stdio: ["${stdin}", "pipe", "ignore"] });
      child.stdout.once("data", () => console.log(child.pid));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = await once(parent.stdout, "data");
    const pid = Number(String(line));
    assert.ok(isAlive(pid));
    parent.kill("SIGKILL");
    await until(() => !isAlive(pid), 8_000);
  });
}

test.run();
