// A process of the benchmark's own that does what it is asked. It ends with us, however we end.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

type Calls = Readonly<Record<string, (params: never) => Promise<unknown>>>;
type Result<Api extends Calls, Name extends keyof Api> = Awaited<ReturnType<Api[Name]>>;

export interface Child<Api extends Calls> {
  readonly pid: number;
  call<Name extends keyof Api & string>(
    name: Name,
    ...params: Parameters<Api[Name]>
  ): Promise<Result<Api, Name>>;
  stop(): Promise<void>;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly params: unknown;
}

type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

export function startChild<Api extends Calls>(
  script: string,
  env: Readonly<Record<string, string>> = {},
): Child<Api> {
  const child: ChildProcess = fork(script, {
    env: { ...process.env, ...env },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on("message", (answer: Answer) => {
    const waiting = open.get(answer.id);
    open.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(`${script}: ${answer.error}`));
    else waiting?.resolve(answer.result);
  });
  child.once("exit", (code, signal) => {
    for (const waiting of open.values()) waiting.reject(new Error(`${script} ended with ${signal ?? code}`));
  });
  return {
    pid: child.pid ?? 0,
    call(name, ...[params]) {
      const waiting = Promise.withResolvers<unknown>();
      asked += 1;
      open.set(asked, waiting);
      child.send({ id: asked, name, params } satisfies Question, (error) => {
        if (error !== null) waiting.reject(error);
      });
      return waiting.promise as Promise<Result<Api, typeof name>>;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** In the process itself. */
export function serve(api: Calls): void {
  process.on("message", async ({ id, name, params }: Question) => {
    try {
      const result = await api[name]?.(params as never);
      process.send?.({ id, result } satisfies Answer);
    } catch (error) {
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ id, error: words } satisfies Answer);
    }
  });
  process.on("disconnect", () => process.exit());
  // Ctrl-C reaches the whole group; who asked decides when this ends.
  process.on("SIGINT", () => {});
}
