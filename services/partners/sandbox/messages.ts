// What the process and a thread of the sandbox say to each other.

export interface Limits {
  /** Of the thread's own time, over all parts of a run. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
  /** Characters of the result as JSON. */
  readonly maxOutput: number;
}

export interface Job {
  /** An expression that is a function of one argument, or a script whose last value is one. */
  readonly code: string;
  /** JSON; undefined where the code is only compiled. */
  readonly argument?: string;
  readonly limits: Limits;
  /** Whether the function may give a promise; if not, it gives null instead. */
  readonly mayWait: boolean;
  /** Whether the function has `fetch`. */
  readonly mayFetch: boolean;
}

export interface FetchRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type FetchResult =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly error: string };

export type Failure =
  /** It is no function. */
  | "syntax"
  | "threw"
  | "cpu_limit"
  | "memory_limit"
  | "stack_limit"
  | "output_limit"
  | "never_settles"
  | "timeout"
  /** Others took all threads for as long as it could wait, or its thread was still starting. */
  | "no_turn"
  | "aborted"
  /** Another run of the same thread brought it down, or the thread can't start. */
  | "sandbox_failed";

export type RunResult = { readonly logs: readonly string[] } & (
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly failure: Failure; readonly message: string; readonly line?: number }
);

export type ToThread =
  | { readonly type: "run"; readonly run: number; readonly job: Job }
  | { readonly type: "fetched"; readonly run: number; readonly call: number; readonly result: FetchResult }
  | { readonly type: "cancel"; readonly run: number; readonly failure: Failure };

export type FromThread =
  | { readonly type: "started" }
  | { readonly type: "ended"; readonly run: number; readonly result: RunResult; readonly isSound: boolean }
  | { readonly type: "fetch"; readonly run: number; readonly call: number; readonly request: FetchRequest };
