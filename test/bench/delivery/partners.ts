// The partners as one child process, on one port, told apart by their paths: when each delivery came, and how long that took it.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { percentile } from "../eventstore/measure.ts";
import { serve } from "../pipeline/child.ts";
import { readMessages } from "../pipeline/messages.ts";

export interface Arrived {
  readonly count: number;
  /** From the first to the last of them. */
  readonly perSecond: number;
  /** From being handed in to being at the partner, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const BODY = '{"outcome":"success"}';
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);

interface Arrivals {
  first: number;
  last: number;
  readonly ms: number[];
}
let arrivals = new Map<string, Arrivals>();

function note(partner: string, body: string): void {
  const now = Date.now();
  const of = arrivals.get(partner) ?? { first: now, last: now, ms: [] };
  arrivals.set(partner, of);
  of.last = now;
  of.ms.push(now - Number(/"sent_at":(\d+)/.exec(body)?.[1]));
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.on(
    "data",
    readMessages((head, body) => {
      const partner = /^\S+ \/([^ /]+)/.exec(head)?.[1] ?? "";
      note(partner, body);
      // It takes the request and says nothing.
      if (partner !== "hanging") socket.write(RESPONSE);
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
    arrivals = new Map();
  },
  /** Of all of these together. */
  async arrived(partners: readonly string[]): Promise<Arrived> {
    const of = partners.map((one) => arrivals.get(one)).filter((one) => one !== undefined);
    const ms = of.flatMap((one) => one.ms);
    const first = Math.min(...of.map((one) => one.first));
    const last = Math.max(...of.map((one) => one.last));
    return {
      count: ms.length,
      perSecond: (ms.length * 1_000) / Math.max(1, last - first),
      p50: percentile(ms, 0.5),
      p99: percentile(ms, 0.99),
    };
  },
};
export type PartnersApi = typeof api;

serve(api);
