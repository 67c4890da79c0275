/** An executable nats-server: NATS_SERVER names it, else it is looked for in the usual folders. */
export function findNatsServer(env: Readonly<Record<string, string | undefined>>): string | undefined;
export const UNPACKED: string;
