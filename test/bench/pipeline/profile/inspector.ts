// The CPU profile of a Node process that runs already, from now until it is asked for. Neither its command line nor its environment
// has to be changed: a signal opens its inspector for a moment, in which it is told to profile itself.
import { until } from "../../../harness/wait.ts";

/** Where Node's inspector listens after the signal; one process at a time. */
const INSPECTOR = "http://127.0.0.1:9229";
const CLOSE_AFTER_MS = 100;
const SAMPLE_US = 500;
const KEPT = 'globalThis[Symbol.for("profile of the benchmark")]';

interface Evaluated {
  readonly id: number;
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
  };
}

/** Resolves when it is being profiled; the result ends that and resolves with the profile as JSON. */
export async function startProfiling(pid: number): Promise<() => Promise<string>> {
  await evaluate(
    pid,
    `const { Session } = process.getBuiltinModule("node:inspector/promises");
     const session = new Session();
     session.connect();
     await session.post("Profiler.enable");
     await session.post("Profiler.setSamplingInterval", { interval: ${SAMPLE_US} });
     await session.post("Profiler.start");
     ${KEPT} = session;`,
  );
  return () =>
    evaluate(
      pid,
      `const { profile } = await ${KEPT}.post("Profiler.stop");
       ${KEPT}.disconnect();
       delete ${KEPT};
       return JSON.stringify(profile);`,
    );
}

async function evaluate(pid: number, statements: string): Promise<string> {
  if (await isOpen()) throw new Error(`another process is being inspected on ${INSPECTOR}; end that first`);
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await until(`process ${pid} opens its inspector`, address));
  const opened = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Evaluated>();
  const closed = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  socket.onerror = () => answered.reject(new Error(`the inspector of process ${pid} broke off`));
  socket.onclose = () => closed.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Evaluated;
    if (message.id === 1) answered.resolve(message);
  };
  await Promise.race([opened.promise, answered.promise]);
  const close = `setTimeout(() => process.getBuiltinModule("node:inspector").close(), ${CLOSE_AFTER_MS});`;
  const check = `if (process.pid !== ${pid}) throw new Error("another process answers: " + process.pid);`;
  const expression = `(async () => { ${check} ${close} ${statements} })()`;
  const params = { expression, awaitPromise: true, returnByValue: true };
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params }));
  const { result } = await answered.promise;
  socket.close();
  await closed.promise;
  await until("the inspector is closed", async () => !(await isOpen()));
  if (result?.exceptionDetails !== undefined)
    throw new Error(`process ${pid}: ${result.exceptionDetails.exception?.description}`);
  return String(result?.result?.value);
}

async function address(): Promise<string | undefined> {
  const targets = (await (await fetch(`${INSPECTOR}/json/list`)).json()) as {
    webSocketDebuggerUrl?: string;
  }[];
  return targets[0]?.webSocketDebuggerUrl;
}

async function isOpen(): Promise<boolean> {
  try {
    await fetch(`${INSPECTOR}/json/version`, { signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    return false;
  }
}
