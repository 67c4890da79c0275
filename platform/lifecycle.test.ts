import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLifecycle } from "./lifecycle.ts";
import { createLog } from "./log.ts";

const lifecycle = suite("lifecycle");
const log = createLog({ level: "silent", name: "test", instance: "test" });

lifecycle("closes in reverse order, once, and everyone who asks waits for the same end", async () => {
  const one = createLifecycle({ log, deadlineMs: 1000 });
  const closed: string[] = [];
  one.own("first", () => void closed.push("first"));
  one.own("second", async () => void closed.push("second"));
  await Promise.all([one.stop("a"), one.stop("b")]);
  await one.stop("c");
  assert.equal(closed, ["second", "first"]);
  assert.ok(one.stopping.aborted);
});

lifecycle("abandons what does not close in time, and still closes the rest", async () => {
  const one = createLifecycle({ log, deadlineMs: 50 });
  const closed: string[] = [];
  one.own("good", () => void closed.push("good"));
  one.own("hanging", () => new Promise(() => undefined));
  one.own("broken", () => Promise.reject(new Error("no")));
  await one.stop("test");
  assert.equal(closed, ["good"]);
});

const source = (body: string): string => `
  import { runProcess } from ${JSON.stringify(new URL("./lifecycle.ts", import.meta.url).href)};
  import { ConfigError } from ${JSON.stringify(new URL("./config.ts", import.meta.url).href)};
  const say = (text) => process.stdout.write(text + "\\n");
  setInterval(() => {}, 1000);
  const parentPid = Number(process.env.PARENT) || undefined;
  await runProcess("test", async (lifecycle) => { ${body} }, { deadlineMs: 2000, parentPid });
`;

function start(body: string): {
  child: ChildProcess;
  output: () => string;
  until: (text: string) => Promise<void>;
} {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", source(body)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const until = async (text: string): Promise<void> => {
    while (!output.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without saying ${text}:\n${output}`);
      await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    }
  };
  return { child, output: () => output, until };
}

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  return child.exitCode;
};

lifecycle("stops cleanly on SIGTERM", async () => {
  const { child, output, until } = start(`lifecycle.own("x", () => say("closed")); say("up");`);
  await until("up");
  child.kill("SIGTERM");
  assert.is(await exitOf(child), 0);
  assert.match(output(), "closed");
});

lifecycle("exits at once on a second signal", async () => {
  const { child, until } = start(
    `lifecycle.own("x", () => { say("closing"); return new Promise(() => {}); }); say("up");`,
  );
  await until("up");
  child.kill("SIGINT");
  await until("closing");
  child.kill("SIGINT");
  assert.is(await exitOf(child), 130);
});

lifecycle("stops with 1 after an error that nobody handled", async () => {
  const { child, output } = start(
    `lifecycle.own("x", () => say("closed")); setTimeout(() => Promise.reject(new Error("stray")), 10);`,
  );
  assert.is(await exitOf(child), 1);
  assert.match(output(), "closed");
  assert.match(output(), "stray");
  assert.match(output(), "error was not handled");
});

lifecycle("stops with 0 when it is told to in the middle of its start, which that ends", async () => {
  const { child, output, until } = start(`
    lifecycle.own("x", () => say("closed"));
    const stopped = new Promise((_, reject) => lifecycle.stopping.addEventListener("abort", () => reject(new Error("stopped"))));
    say("starting");
    await stopped;
  `);
  await until("starting");
  child.kill("SIGTERM");
  assert.is(await exitOf(child), 0, output());
  assert.match(output(), "closed");
  assert.not.match(output(), "could not start");
});

lifecycle("tells a wrong configuration in words, without a stack", async () => {
  const { child, output } = start(`throw new ConfigError(["PORT is odd"]);`);
  assert.is(await exitOf(child), 1);
  assert.match(output(), "  - PORT is odd");
  assert.not.match(output(), "at ");
});

lifecycle("ends when its parent is killed outright", async () => {
  const child = `
    const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e",
      ${JSON.stringify(source(`say("pid " + process.pid); lifecycle.own("x", () => say("closed"));`))}],
      { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, PARENT: String(process.pid) } });
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ["-e", child], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  parent.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  while (!/pid \d+/.test(output)) await once(parent.stdout, "data");
  parent.kill("SIGKILL");
  // The pipe closes when the last process that holds it is gone.
  await once(parent.stdout, "close");
  assert.match(output, "closed");
});

lifecycle.run();
