// Which ports are free, and what to say when the one that was asked for is not.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { Problem } from "./problem.ts";

export const LOOPBACK = "127.0.0.1";
const MIN_PORT = 20_000;
const PORTS = 12_000;
const MAX_TRIES = 50;
/** Those chosen by chance, since who was given one may not listen yet. */
const chosen = new Set<number>();

/** The first of these that nobody uses, else any. */
export async function freePort(...preferred: readonly (number | undefined)[]): Promise<number> {
  for (const port of preferred) {
    if (port !== undefined && port !== 0 && (await isFree(port))) return port;
  }
  return anyPort();
}

/** The port itself, or a free one for 0; throws a Problem that names the variable to change. */
export async function demandPort(variable: string, host: string, port: number): Promise<number> {
  if (port === 0) return anyPort();
  const code = await obstacle(host, port);
  if (code === undefined) return port;
  if (code === "EADDRINUSE")
    throw new Problem(
      `Port ${port} on ${host} is used by another program. End that, or choose another port: ${variable}=${port + 1} npm start`,
    );
  if (code === "EACCES")
    throw new Problem(
      `Port ${port} needs more rights than you have. Choose one above 1023: ${variable}=8080 npm start`,
    );
  throw new Problem(`HOST=${host} is no address that this machine can listen on (${code}).`);
}

/**
 * Below the range from which systems take the ports of outgoing connections: what tries to reach a part that has just died could
 * otherwise be given that very port, and keep the part from coming back.
 */
async function anyPort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(MIN_PORT, MIN_PORT + PORTS);
    if (chosen.has(port) || !(await isFree(port))) continue;
    chosen.add(port);
    return port;
  }
  throw new Problem("This machine gave no free port.");
}

/** On loopback. */
export const isFree = async (port: number): Promise<boolean> =>
  (await obstacle(LOOPBACK, port)) === undefined;

/** What keeps us from listening there, as an error code. */
async function obstacle(host: string, port: number): Promise<string | undefined> {
  const server = createServer().listen({ host, port, exclusive: true });
  try {
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}
