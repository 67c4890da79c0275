export const PGBOUNCER_LIBRARIES: string;
export const PGBOUNCER_HELP: string;
export function findPgbouncer(env: Readonly<Record<string, string | undefined>>): string | undefined;
