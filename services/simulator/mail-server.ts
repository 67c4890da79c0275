// An SMTP server for simulated partners: what is sent to pricing@… is for the partner "pricing", which behaves as it is configured.
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import type { Answer } from "./behaviour.ts";
import type { Received } from "./partner.ts";

export interface MailServer {
  /** smtp://host:port */
  readonly url: string;
  close(): Promise<void>;
}

export interface MailServerOptions {
  readonly host: string;
  /** Taken if it is free, else any. */
  readonly port: number;
  /** Throws where there is no partner of this name. */
  readonly receive: (name: string, received: Received) => Answer;
  readonly leave: (name: string) => void;
}

const MAX_BYTES = 1_048_576;
const CLOSE_MS = 500;

export async function openMailServer(options: MailServerOptions): Promise<MailServer> {
  const server = createServer(options);
  const port = await listen(server, options.host, options.port).catch(() => listen(server, options.host, 0));
  return {
    url: `smtp://${options.host}:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen({ server }: SMTPServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function createServer({ receive, leave }: MailServerOptions): SMTPServer {
  const server: SMTPServer = new SMTPServer({
    authOptional: true,
    // Its built-in certificate is nobody's.
    disabledCommands: ["STARTTLS", "AUTH"],
    size: MAX_BYTES,
    closeTimeout: CLOSE_MS,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => void answer(Buffer.concat(chunks), session, callback));
    },
  });
  // A client that goes away in the middle is no error of the server's.
  server.on("error", () => undefined);

  async function answer(
    message: Buffer,
    session: SMTPServerSession,
    callback: (error?: Error | null, message?: string) => void,
  ): Promise<void> {
    const name = session.envelope.rcptTo[0]?.address.split("@")[0] ?? "";
    let given: Answer;
    try {
      given = receive(name, receivedOf(message));
    } catch (error) {
      return callback(refusal(550, error instanceof Error ? error.message : "unknown recipient"));
    }
    if (given.delayMs > 0) await delay(given.delayMs);
    if (given.kind !== "hang") leave(name);
    switch (given.kind) {
      case "answer":
        return callback(given.status < 300 ? null : refusal(codeOf(given.status), `${given.body.reason}`));
      case "half_json":
      case "not_http":
      case "reset":
        return disconnect(session);
      case "hang":
        return;
    }
  }

  function disconnect({ id }: SMTPServerSession): void {
    for (const connection of server.connections) if (connection.session.id === id) connection.close();
  }
  return server;
}

const codeOf = (status: number): number => (status === 429 || status >= 500 ? 451 : 550);

const refusal = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode });

/** Headers as HTTP has them, lines that were folded in one. */
function receivedOf(message: Buffer): Received {
  const text = message.toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  const lines = text
    .slice(0, end === -1 ? undefined : end)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  return { headers: Object.fromEntries(headers), body: message, at: Date.now() };
}
