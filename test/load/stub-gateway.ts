// A gateway that answers as a test tells it to, and remembers what it was sent.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deterministicUuid } from "#platform/ids.ts";
import { parseSecret, verify } from "#platform/webhooks.ts";

export interface Seen {
  readonly key: string;
  readonly path: string;
  readonly body: string;
  readonly isSigned: boolean;
}

export interface Answer {
  /** 0 ends the connection without an answer. */
  readonly status: number;
  readonly retryAfterS?: number;
  readonly body?: object;
}

export interface StubGateway {
  readonly url: string;
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

/** `nth` is 1 for the first request under a key. */
export type AnswerTo = (key: string, nth: number) => Answer;

export const idOf = (key: string): string => deterministicUuid("stub", key);

/** What a gateway without a fault answers. */
export const accepted: AnswerTo = (key, nth) => ({
  status: 202,
  body: { id: idOf(key), outcome: "accepted", ...(nth > 1 && { duplicate: true }) },
});

export async function startStubGateway(secret: string, answerTo: AnswerTo): Promise<StubGateway> {
  const seen: Seen[] = [];
  const times = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk;
    });
    request.on("end", () => {
      const key = `${request.headers["webhook-id"]}`;
      const { verified } = verify([parseSecret(secret)], request.headers, body, Date.now());
      seen.push({ key, path: `${request.url}`, body, isSigned: verified });
      const nth = (times.get(key) ?? 0) + 1;
      times.set(key, nth);
      const answer = answerTo(key, nth);
      if (answer.status === 0) return request.socket.destroy();
      if (answer.retryAfterS !== undefined) response.setHeader("retry-after", answer.retryAfterS);
      return response.writeHead(answer.status).end(JSON.stringify(answer.body ?? {}));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
