// Remote calls to a child process of the benchmark. The child exits when the parent is gone, whatever ended it.
import { fork } from "node:child_process";
import { once } from "node:events";

type Api = Readonly<Record<string, (params: never) => Promise<unknown>>>;
type Result<A extends Api, Name extends keyof A> = Awaited<ReturnType<A[Name]>>;

export interface Child<A extends Api> {
  readonly pid: number;
  call<Name extends keyof A & string>(name: Name, ...params: Parameters<A[Name]>): Promise<Result<A, Name>>;
  stop(): Promise<void>;
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly params: unknown;
}

type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

export function startChild<A extends Api>(script: string): Child<A> {
  const child = fork(script, {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  child.on("message", (reply: Reply) => {
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if ("error" in reply) call?.reject(new Error(`${script}: ${reply.error}`));
    else call?.resolve(reply.result);
  });
  child.once("exit", (code, signal) => {
    for (const call of pending.values()) call.reject(new Error(`${script} ended with ${signal ?? code}`));
  });
  return {
    pid: child.pid ?? 0,
    call(name, ...[params]) {
      const reply = Promise.withResolvers<unknown>();
      calls += 1;
      pending.set(calls, reply);
      child.send({ id: calls, name, params } satisfies Call, (error) => {
        if (error !== null) reply.reject(error);
      });
      return reply.promise as Promise<Result<A, typeof name>>;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Called in the child: answers the parent's calls. */
export function serve(api: Api): void {
  process.on("message", async ({ id, name, params }: Call) => {
    try {
      const result = await api[name]?.(params as never);
      process.send?.({ id, result } satisfies Reply);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ id, error: message } satisfies Reply);
    }
  });
  process.on("disconnect", () => process.exit());
  // Ctrl-C reaches the whole process group; the parent decides when the child ends.
  process.on("SIGINT", () => {});
}
