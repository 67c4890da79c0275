// Runs commands of the table as a person types them, those that need it beside a yard that is started for them.
import { spawn } from "node:child_process";
import { freePort } from "#platform/free-port.ts";
import { startLaunchedYard } from "../harness/launched-yard.ts";

export interface Shown {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

type Environment = Readonly<Record<string, string>>;

/** `onSaid` is given what it prints, as it does. */
export async function execute(
  command: string,
  env: Environment,
  onSaid: (text: string) => void = () => undefined,
): Promise<Shown> {
  const began = performance.now();
  // A process group of its own, so that it ends with all that it started.
  const child = spawn("sh", ["-c", command], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const endWithUs = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  };
  process.once("exit", endWithUs);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      onSaid(chunk.toString());
    });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once("close", (code) => resolve(code ?? 1));
  const code = await promise;
  process.off("exit", endWithUs);
  return { code, output, seconds: Math.round((performance.now() - began) / 1_000) };
}

export interface YardBeside {
  /** What a command needs to find it. */
  readonly env: Environment;
  stop(): Promise<void>;
}

export async function startYardBeside(): Promise<YardBeside> {
  const PORT = `${await freePort()}`;
  const { dataDir, stop } = await startLaunchedYard("requirements-", { PORT });
  return { env: { DATA_DIR: dataDir, PORT }, stop };
}
