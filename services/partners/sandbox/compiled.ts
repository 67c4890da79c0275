// From code to the function that it is, and from what QuickJS throws to why the run is over.
import type { QuickJSContext, QuickJSHandle, Scope } from "quickjs-emscripten-core";
import type { Failure } from "./messages.ts";

const FILE = "function.js";
export const MAX_MESSAGE = 1_000;

/** A limit is reached, or the code is wrong: the run is over. */
export class Ended extends Error {
  readonly failure: Failure;
  readonly line: number | undefined;

  constructor(failure: Failure, message: string, line?: number) {
    super(message);
    this.failure = failure;
    this.line = line;
  }
}

/** As an expression, else as a script whose last value counts: whichever gets further says what is wrong. */
export function compiled(
  context: QuickJSContext,
  scope: Scope,
  code: string,
  isSpent: () => boolean,
): QuickJSHandle {
  const ways = [`(${code}\n)`, code];
  const errors: Ended[] = [];
  for (const way of ways) {
    const result = context.evalCode(way, FILE);
    if (result.error !== undefined) {
      const error = endedBy(context, scope.manage(result.error), isSpent(), "syntax");
      if (error.failure !== "syntax") throw error;
      errors.push(error);
      continue;
    }
    const value = scope.manage(result.value);
    if (context.typeof(value) === "function") return value;
    errors.push(new Ended("syntax", "is no function: write (lead) => …"));
  }
  const [asExpression, asScript] = errors;
  throw (asScript?.line ?? 0) > (asExpression?.line ?? 0) ? asScript : asExpression;
}

/** What QuickJS throws for its own limits has these words. */
const LIMITS: readonly (readonly [RegExp, Failure])[] = [
  [/^interrupted$/, "cpu_limit"],
  [/^out of memory$/, "memory_limit"],
  [/^(stack overflow|Maximum call stack size exceeded)$/, "stack_limit"],
];

/** `wrong`: what a syntax error means; once the code is compiled, it comes from what the code itself parses. */
export function endedBy(
  context: QuickJSContext,
  error: QuickJSHandle,
  isSpent: boolean,
  wrong: "syntax" | "threw" = "threw",
): Ended {
  if (isSpent) return new Ended("cpu_limit", "takes too long");
  const [name, message, line] = ["name", "message", "lineNumber"].map((one) =>
    propertyOf(context, error, one),
  );
  const text = typeof message === "string" ? message : (propertyOf(context, error, undefined) as string);
  const limit = name === "InternalError" ? LIMITS.find(([words]) => words.test(text))?.[1] : undefined;
  const failure = limit ?? (name === "SyntaxError" ? wrong : "threw");
  return new Ended(
    failure,
    typeof name === "string" ? `${name}: ${text}` : text,
    typeof line === "number" ? line : undefined,
  );
}

/** Only texts and numbers: what else an error has, its author may have made as large as memory goes. */
function propertyOf(context: QuickJSContext, of: QuickJSHandle, name: string | undefined): unknown {
  if (name !== undefined && context.typeof(of) !== "object") return undefined;
  const handle = name === undefined ? of.dup() : context.getProp(of, name);
  try {
    switch (context.typeof(handle)) {
      case "string":
        return context.getString(handle).slice(0, MAX_MESSAGE);
      case "number":
        return context.getNumber(handle);
      default:
        return name === undefined ? "threw what is no error" : undefined;
    }
  } finally {
    handle.dispose();
  }
}
