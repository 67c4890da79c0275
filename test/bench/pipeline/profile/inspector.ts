// Takes a CPU profile of a running Node process. It needs no flag and no environment variable in that process: SIGUSR1 opens the
// inspector, the process is told to profile itself, and the inspector is closed again.
import { until } from "../../../harness/wait.ts";

/** Where the inspector listens after SIGUSR1: one process at a time. */
const INSPECTOR = "http://127.0.0.1:9229";
const CLOSE_AFTER_MS = 100;
const SAMPLE_US = 500;
const SESSION = 'globalThis[Symbol.for("profile of the benchmark")]';

interface Evaluation {
  readonly id: number;
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
  };
}

/** The returned function stops the profile and resolves with its JSON. */
export async function startProfile(pid: number): Promise<() => Promise<string>> {
  await evaluate(
    pid,
    `const { Session } = process.getBuiltinModule("node:inspector/promises");
     const session = new Session();
     session.connect();
     await session.post("Profiler.enable");
     await session.post("Profiler.setSamplingInterval", { interval: ${SAMPLE_US} });
     await session.post("Profiler.start");
     ${SESSION} = session;`,
  );
  return () =>
    evaluate(
      pid,
      `const { profile } = await ${SESSION}.post("Profiler.stop");
       ${SESSION}.disconnect();
       delete ${SESSION};
       return JSON.stringify(profile);`,
    );
}

export async function evaluate(pid: number, statements: string): Promise<string> {
  if (await isOpen()) throw new Error(`Another process is being inspected at ${INSPECTOR}; end that first`);
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await until(`process ${pid} opens its inspector`, debuggerUrl));
  const opened = Promise.withResolvers<void>();
  const evaluated = Promise.withResolvers<Evaluation>();
  const closed = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  socket.onerror = () => evaluated.reject(new Error(`The inspector of process ${pid} closed the connection`));
  socket.onclose = () => closed.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Evaluation;
    if (message.id === 1) evaluated.resolve(message);
  };
  await Promise.race([opened.promise, evaluated.promise]);
  const check = `if (process.pid !== ${pid}) throw new Error("this is process " + process.pid);`;
  // Closing waits for our connection to end, so it can't be part of the evaluation.
  const close = `setTimeout(() => process.getBuiltinModule("node:inspector").close(), ${CLOSE_AFTER_MS});`;
  const expression = `(async () => { ${check} ${close} ${statements} })()`;
  const params = { expression, awaitPromise: true, returnByValue: true };
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params }));
  const { result } = await evaluated.promise;
  socket.close();
  await closed.promise;
  await until("the inspector is closed", async () => !(await isOpen()));
  if (result?.exceptionDetails !== undefined)
    throw new Error(`Process ${pid}: ${result.exceptionDetails.exception?.description}`);
  return String(result?.result?.value);
}

async function debuggerUrl(): Promise<string | undefined> {
  const targets = (await (await fetch(`${INSPECTOR}/json/list`)).json()) as {
    readonly webSocketDebuggerUrl?: string;
  }[];
  return targets[0]?.webSocketDebuggerUrl;
}

async function isOpen(): Promise<boolean> {
  try {
    await fetch(`${INSPECTOR}/json/version`, { signal: AbortSignal.timeout(1_000) });
    return true;
  } catch (error) {
    // Listening and busy: it does not respond while it closes.
    return error instanceof Error && error.name === "TimeoutError";
  }
}
