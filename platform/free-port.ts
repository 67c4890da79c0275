// A port of this machine that nobody uses, and that nobody else who asks here is given: who is given one may not listen there for
// some seconds, and another process that looks meanwhile would find it free too.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

export interface PortRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Below the range from which systems take the ports of outgoing connections: what tries to reach a server that is down could
 * otherwise be given that very port, and keep the server from coming back.
 */
const USUAL_RANGE: PortRange = { first: 20_000, count: 12_000 };

/** Until this process ends it is nobody else's. */
export async function freePort({ first, count }: PortRange = USUAL_RANGE): Promise<number> {
  const start = Math.floor(Math.random() * count);
  for (let tries = 0; tries < count; tries += 1) {
    const port = first + ((start + tries) % count);
    if (await takeIfFree(port)) return port;
  }
  throw new Error(`This machine has no free port from ${first} to ${first + count - 1}.`);
}

/** Whether it is ours now, until this process ends. */
export async function takeIfFree(port: number): Promise<boolean> {
  const reserved = await reserve(port);
  if (reserved === undefined) return false;
  if ((await whyNotFree(port)) === undefined) return true;
  reserved.close();
  return false;
}

/** What keeps a server from listening there, as an error code. */
export async function whyNotFree(port: number, host = LOOPBACK): Promise<string | undefined> {
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

/** Of what we start nothing speaks UDP, so whoever has the UDP port of a number has reserved it, and gives it back by ending. */
async function reserve(port: number): Promise<Socket | undefined> {
  const socket = createSocket("udp4").unref();
  try {
    socket.bind({ address: LOOPBACK, port, exclusive: true });
    await once(socket, "listening");
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}
