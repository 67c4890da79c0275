// Which ports are free, and what to say when the one that was asked for is not.
import { freePort, takeIfFree, whyNotFree } from "#platform/free-port.ts";
import { Problem } from "./problem.ts";

/** The first of these that nobody uses, else any. */
export async function firstFreePort(...preferred: readonly (number | undefined)[]): Promise<number> {
  for (const port of preferred) {
    if (port !== undefined && port !== 0 && (await isFree(port))) return port;
  }
  return freePort();
}

/** That one, or any, and nobody else's: of two yards that are started at the same moment each looks before the other listens. */
export const ownPort = async (usual: number): Promise<number> =>
  (await takeIfFree(usual)) ? usual : freePort();

/** The port itself, or a free one for 0; throws a Problem that names the variable to change. */
export async function demandPort(variable: string, host: string, port: number): Promise<number> {
  if (port === 0) return freePort();
  const code = await whyNotFree(port, host);
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

/** On loopback. */
export const isFree = async (port: number): Promise<boolean> => (await whyNotFree(port)) === undefined;
