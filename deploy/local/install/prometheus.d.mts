type Environment = Readonly<Record<string, string | undefined>>;
/** An executable promtool: PROMTOOL names it, else it is looked for in PATH and where the installer unpacks it. */
export function findPromtool(env: Environment): string | undefined;
/** Likewise an executable prometheus: PROMETHEUS names it. */
export function findPrometheus(env: Environment): string | undefined;
/** What to do where there is none. */
export const PROMETHEUS_HELP: string;
