// The provider that every system sends to, as a process of its own: it answers at once, and counts requests by their idempotency key.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { serve } from "../pipeline/child.ts";
import { now } from "../pipeline/clock.ts";
import { headerOf, readMessages } from "../pipeline/messages.ts";

export interface ProviderStatus {
  readonly requests: number;
  /** Different idempotency keys among them. */
  readonly distinct: number;
  /** When the last new one came. */
  readonly lastAt: number;
  /** Open at the same time, each of which has one request at a time. */
  readonly maxConnections: number;
}

const BODY = '{"status":"accepted"}';
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);

let connections = 0;
const keys = new Set<string>();
const none = { requests: 0, lastAt: 0, maxConnections: 0 };
let counted = { ...none };

function count(head: string): void {
  counted.requests += 1;
  const before = keys.size;
  keys.add(headerOf(head, "idempotency-key") ?? "none");
  if (keys.size > before) counted.lastAt = now();
}

const server = createServer({ noDelay: true }, (socket) => {
  connections += 1;
  counted.maxConnections = Math.max(counted.maxConnections, connections);
  socket.on("error", () => {});
  socket.on("close", () => {
    connections -= 1;
  });
  socket.on(
    "data",
    readMessages((head) => {
      count(head);
      socket.write(RESPONSE);
    }),
  );
});

const api = {
  async start(): Promise<string> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async reset(): Promise<void> {
    keys.clear();
    counted = { ...none, maxConnections: connections };
  },
  status: async (): Promise<ProviderStatus> => ({ ...counted, distinct: keys.size }),
};
export type ProviderApi = typeof api;

serve(api);
