// Starts our own processes side by side, and stops them side by side: each has the whole time to drain.
import type { Environment } from "#platform/config.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Children } from "../children/children.ts";
import type { Steps } from "../steps.ts";
import type { Addresses } from "./addresses.ts";
import { roleProcessCommand } from "./role-process.ts";
import type { RoleProcess } from "./spread.ts";
import type { WorkerReports } from "./worker-reports.ts";

export interface RunningProcess extends RoleProcess {
  readonly url: string;
}

export interface StartOptions {
  readonly children: Children;
  readonly lifecycle: Lifecycle;
  readonly steps: Steps;
  readonly env: Environment;
  readonly addresses: Addresses;
  readonly drainMs: number;
  readonly instance: string;
  readonly reports: WorkerReports;
  readonly script?: string;
  /** After one of them died and serves again. */
  readonly onRestarted: (one: RoleProcess) => Promise<void>;
}

/** Partners are played at another address, which the banner has. */
const ITSELF = "health and figures of the process";

export async function startProcesses(
  processes: readonly RoleProcess[],
  { children, lifecycle, steps, addresses, reports, onRestarted, ...given }: StartOptions,
): Promise<readonly RunningProcess[]> {
  const started = processes.map((one) => {
    const address = addresses.of(one.name);
    const report = reports.begin(one);
    const command = roleProcessCommand({
      ...given,
      ...one,
      address,
      onDied: report.died,
      async onRestarted() {
        report.running();
        await onRestarted(one);
      },
    });
    return { one, report, child: children.start(command) };
  });
  lifecycle.own("processes", async () => {
    await Promise.all(started.map(({ child }) => child.stop()));
  });
  return Promise.all(
    started.map(async ({ one, report, child }) => {
      const url = onLoopback((await child.ready)[1] ?? "");
      report.running();
      steps.done(one.name, `${url}  ${one.name === "simulator" ? ITSELF : one.roles.join(", ")}`);
      return { ...one, url };
    }),
  );
}

/** An address that listens everywhere is reached here. */
function onLoopback(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])/, "//127.0.0.1");
}
