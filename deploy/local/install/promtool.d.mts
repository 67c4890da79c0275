/** An executable promtool: PROMTOOL names it, else it is looked for in PATH and where the installer unpacks it. */
export function findPromtool(env: Readonly<Record<string, string | undefined>>): string | undefined;
/** What to do where there is none. */
export const PROMTOOL_HELP: string;
