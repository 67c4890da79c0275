// What makes the load: k6 where it is installed, else Node with the same scripts.
import { execFileSync, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface LoadProgram {
  /** For the report. */
  readonly name: string;
  readonly isK6: boolean;
  /** Resolves with the exit code: 99 where a threshold was missed. */
  run(script: string, env: Readonly<Record<string, string>>): Promise<number>;
}

const IN_NODE = join(import.meta.dirname, "in-node/main.ts");

export const HOW_TO_GET_K6 = `k6 is neither in PATH nor in ~/go/bin, so Node makes the load, with the same scripts. To have k6:
  go install go.k6.io/k6/v2@v2.2.0
  or a package for your system: https://grafana.com/docs/k6/latest/set-up/install-k6/`;

export function findProgram(env: NodeJS.ProcessEnv): LoadProgram {
  const k6 = findK6(env);
  return k6 === undefined ? inNode() : k6At(k6);
}

export function k6At(path: string): LoadProgram {
  const version = execFileSync(path, ["version"], { encoding: "utf8" });
  return {
    name: version.trim().split(/\s+/).slice(0, 2).join(" "),
    isK6: true,
    run: (script, variables) => exitCodeOf(path, ["run", "--quiet", script], variables),
  };
}

export function inNode(): LoadProgram {
  const flag = "--disable-warning=ExperimentalWarning";
  return {
    name: `Node ${process.version}`,
    isK6: false,
    run: (script, variables) => exitCodeOf(process.execPath, [flag, IN_NODE, "run", script], variables),
  };
}

export function findK6({ PATH = "" }: NodeJS.ProcessEnv): string | undefined {
  return [...PATH.split(":").filter((folder) => folder !== ""), join(homedir(), "go", "bin")]
    .map((folder) => join(folder, "k6"))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function exitCodeOf(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(command, args, {
    env: {
      ...{ PATH, HOME, TMPDIR },
      // By variables and not by flags, so that a release that does not know one of them runs all the same.
      K6_INCLUDE_SYSTEM_ENV_VARS: "true",
      K6_LOG_FORMAT: "raw",
      K6_NO_USAGE_REPORT: "true",
      ...variables,
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const endWithUs = (): boolean => child.kill("SIGKILL");
  process.once("exit", endWithUs);
  child.once("error", reject);
  child.once("close", (code) => {
    process.off("exit", endWithUs);
    resolve(code ?? 1);
  });
  return promise;
}
