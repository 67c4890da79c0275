// The three partners as one child process: counts every request by the submission in it.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { serve } from "./child.ts";
import { now } from "./clock.ts";
import { readMessages } from "./messages.ts";
import { partnerOf, type Serials, serialIn } from "./submissions.ts";

interface PartnersStatus {
  readonly requests: number;
  /** Different submissions among them. */
  readonly distinct: number;
  /** Requests to a partner that the rules do not choose, or without a submission. */
  readonly misrouted: number;
  /** When the last new submission arrived. */
  readonly lastAt: number;
}

const BODY = '{"outcome":"success"}';
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);
const MAX_COUNT = 255;
const INITIAL_SIZE = 65_536;

let counts = new Uint8Array(INITIAL_SIZE);
let status = { requests: 0, distinct: 0, misrouted: 0, lastAt: 0 };

function count(head: string, body: string): void {
  status.requests += 1;
  const serial = serialIn(body);
  const partner = /^\S+ \/partners\/(\w+)/.exec(head)?.[1];
  if (serial < 0 || partner === undefined || partner !== partnerOf(serial)) status.misrouted += 1;
  if (serial < 0) return;
  if (serial >= counts.length) grow(serial);
  const before = counts[serial] ?? 0;
  counts[serial] = Math.min(MAX_COUNT, before + 1);
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
    counts = new Uint8Array(INITIAL_SIZE);
    status = { requests: 0, distinct: 0, misrouted: 0, lastAt: 0 };
  },
  status: async (): Promise<PartnersStatus> => status,
  /** How many requests came for each of these submissions. */
  counts: async ({ from, many }: Serials): Promise<Uint8Array> => {
    const some = new Uint8Array(many);
    some.set(counts.subarray(from, from + many));
    return some;
  },
};
export type PartnersApi = typeof api;

serve(api);
