// Loads a script of k6/, with the modules beside this file in place of k6's.
import { registerHooks } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Options } from "k6/options";
import type { Summary } from "./summary.ts";

export interface Script {
  readonly options: Options;
  readonly handleSummary: (summary: Summary) => Readonly<Record<string, string>>;
  /** What scenarios execute. */
  readonly [name: string]: unknown;
}

export async function loadScript(path: string, env: NodeJS.ProcessEnv): Promise<Script> {
  Object.assign(globalThis, { __ENV: env });
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith("k6/")) return next(specifier, context);
      return next(pathToFileURL(join(import.meta.dirname, `${specifier}.ts`)).href, context);
    },
  });
  const script = (await import(pathToFileURL(resolve(path)).href)) as Script;
  hooks.deregister();
  return script;
}
