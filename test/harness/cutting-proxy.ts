// A TCP proxy that cuts its connections one after the other, each a little later than the one before: whoever connects through it loses
// the connection once at every point of what it has to say, and then keeps one.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  readonly port: number;
  /** How many connections it has cut. */
  readonly cut: number;
  close(): Promise<void>;
}

/** The nth connection is cut once its client has sent n times, up to `cuts` of them. */
export async function startCuttingProxy(to: number, cuts: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let cut = 0;

  const server = createServer((near) => {
    accepted += 1;
    const far = connect(to, "127.0.0.1");
    let left = accepted <= cuts ? accepted : Number.POSITIVE_INFINITY;
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        into.destroy();
      });
    }
    far.on("data", (bytes) => near.write(bytes));
    near.on("data", (bytes) => {
      left -= 1;
      if (left > 0) return void far.write(bytes);
      cut += 1;
      near.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get cut() {
      return cut;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
