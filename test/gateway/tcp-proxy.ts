// A TCP proxy that a test can hold: what a client sends then stays in it until it is released.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** From now on nothing more reaches the server. */
  hold(): void;
  /** What was sent since, byte for byte. */
  held(): string;
  /** It arrives now, in order, and so does all that follows. */
  release(): void;
  /** Breaks all connections and drops what was held; new ones are taken and pass. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(to: number): Promise<TcpProxy> {
  const ends = new Set<Socket>();
  let held: { readonly far: Socket; readonly bytes: Buffer }[] | undefined;

  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    near.on("data", (bytes) => {
      if (held === undefined) far.write(bytes);
      else held.push({ far, bytes });
    });
    far.pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        ends.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    hold() {
      held ??= [];
    },
    held: () => Buffer.concat((held ?? []).map(({ bytes }) => bytes)).toString("latin1"),
    release() {
      for (const { far, bytes } of held ?? []) far.write(bytes);
      held = undefined;
    },
    cut() {
      held = undefined;
      for (const one of ends) one.destroy();
    },
    async close() {
      for (const one of ends) one.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
