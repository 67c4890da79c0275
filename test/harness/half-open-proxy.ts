// A TCP proxy that can lose its connections as a network does: what runs over them is gone, and neither end is told.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface HalfOpenProxy {
  readonly port: number;
  /** Nothing gets through any more over the connections that there are; new ones work. */
  lose(): void;
  /** Nothing gets through at all, and nothing is told to either end, until it is released; then what was sent arrives. */
  hold(): void;
  release(): void;
  /** How many it has let in since it was started. */
  readonly accepted: number;
  close(): Promise<void>;
}

export async function startHalfOpenProxy(to: number): Promise<HalfOpenProxy> {
  const sockets = new Set<Socket>();
  let lost = new WeakSet<Socket>();
  let accepted = 0;
  let isHeld = false;

  function forward(from: Socket, into: Socket): void {
    sockets.add(from);
    if (isHeld) from.pause();
    from.on("error", () => undefined);
    from.on("data", (bytes) => {
      if (!lost.has(from)) into.write(bytes);
    });
    from.on("close", () => {
      sockets.delete(from);
      if (!lost.has(from)) into.destroy();
    });
  }

  const server = createServer((near) => {
    accepted += 1;
    const far = connect(to, "127.0.0.1");
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    lose() {
      lost = new WeakSet(sockets);
    },
    hold() {
      isHeld = true;
      for (const socket of sockets) socket.pause();
    },
    release() {
      isHeld = false;
      for (const socket of sockets) socket.resume();
    },
    get accepted() {
      return accepted;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
