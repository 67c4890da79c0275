// The three partners, as a process of its own: every request is counted by the submission that it is about.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { serve } from "./child.ts";
import { now } from "./clock.ts";
import { readMessages } from "./messages.ts";
import { partnerOf, serialIn } from "./submissions.ts";

export interface PartnersStatus {
  readonly requests: number;
  /** Different submissions among them. */
  readonly distinct: number;
  /** Requests at another partner than the rules say, or about nothing that is known. */
  readonly misrouted: number;
  /** When the last submission came that had not come before. */
  readonly lastAt: number;
}

const ANSWER = '{"outcome":"success"}';
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
);
const MOST_COUNTED = 255;
const AT_FIRST = 65_536;

let counts = new Uint8Array(AT_FIRST);
let status = { requests: 0, distinct: 0, misrouted: 0, lastAt: 0 };

function count(head: string, body: string): void {
  status.requests += 1;
  const serial = serialIn(body);
  const partner = /^\S+ \/partners\/(\w+)/.exec(head)?.[1];
  if (serial < 0 || partner === undefined || partner !== partnerOf(serial)) status.misrouted += 1;
  if (serial < 0) return;
  if (serial >= counts.length) grow(serial);
  const before = counts[serial] ?? 0;
  counts[serial] = Math.min(MOST_COUNTED, before + 1);
  if (before > 0) return;
  status.distinct += 1;
  status.lastAt = now();
}

function grow(serial: number): void {
  const larger = new Uint8Array(2 ** Math.ceil(Math.log2(serial + 1)));
  larger.set(counts);
  counts = larger;
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.on(
    "data",
    readMessages((head, body) => {
      count(head, body);
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
    counts = new Uint8Array(AT_FIRST);
    status = { requests: 0, distinct: 0, misrouted: 0, lastAt: 0 };
  },
  status: async (): Promise<PartnersStatus> => status,
  /** How often each of these came. */
  counts: async ({ from, many }: { from: number; many: number }): Promise<Uint8Array> => {
    const some = new Uint8Array(many);
    some.set(counts.subarray(from, from + many));
    return some;
  },
};
export type PartnersApi = typeof api;

serve(api);
