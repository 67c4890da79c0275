// Connections to one SMTP server, kept open and used again. Says of each message whether its data began to leave.
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import nodemailer, { type SendMailOptions } from "nodemailer";
import { decoded } from "#domain/partner/email-delivery.ts";
import { bareHost, isRefusedHost, PrivateAddress, publicLookup } from "#platform/outbound.ts";

export interface SmtpOptions {
  /** smtp://host:port, smtps://user:password@host:port */
  readonly url: string;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
}

export interface SmtpResult {
  /** What the server says at last. */
  readonly response: string;
  readonly rejected: readonly string[];
}

export interface Smtp {
  /** Rejects with nodemailer's errors. `onData` is called before the first byte of the message leaves; what it throws ends the sending. */
  send(message: SendMailOptions, signal: AbortSignal, onData: () => void): Promise<SmtpResult>;
  close(): void;
}

const MAX_CONNECTIONS = 20;
const MAX_MESSAGES = 100;
const MAX_CONNECT_MS = 10_000;
const PORTS: Readonly<Record<string, number>> = { "smtp:": 25, "smtps:": 465 };

export function openSmtp({ url: text, connections, timeoutMs, allowPrivate }: SmtpOptions): Smtp {
  const url = new URL(text);
  const [host, port] = [bareHost(url.hostname), Number(url.port || PORTS[url.protocol])];
  const [user, pass] = [decoded(url.username) ?? "", decoded(url.password) ?? ""];
  const connectMs = Math.min(timeoutMs, MAX_CONNECT_MS);
  const isNear = isLoopback(host);
  const onDataOf = new WeakMap<AbortSignal, () => void>();
  const transport = nodemailer.createTransport({
    pool: true,
    host,
    port,
    secure: url.protocol === "smtps:",
    ...(user !== "" && { auth: { user, pass } }),
    // A password is never sent in the clear, nor to who can't say who it is; on this machine nobody stands in between.
    requireTLS: user !== "" && !isNear,
    tls: { rejectUnauthorized: (url.protocol === "smtps:" || user !== "") && !isNear },
    maxConnections: Math.min(connections, MAX_CONNECTIONS),
    maxMessages: MAX_MESSAGES,
    // Only what has not begun to leave is sent over another connection: see `createReadStream` below.
    maxRequeues: 1,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket(
      _options: unknown,
      callback: (error: Error | null, opened: { connection: Socket } | false) => void,
    ) {
      openSocket(host, port, connectMs, allowPrivate).then(
        (connection) => callback(null, { connection }),
        (error: Error) => callback(error, false),
      );
    },
  });
  // The message is read only once the server has asked for its data, and once at most.
  transport.use("stream", (mail, done) => {
    const { message, data } = mail;
    const onData = data.signal && onDataOf.get(data.signal);
    const create = message.createReadStream.bind(message);
    let begun = false;
    async function* read(): AsyncGenerator<Buffer> {
      if (begun) throw new Error("a message is not sent twice");
      begun = true;
      onData?.();
      yield* create() as AsyncIterable<Buffer>;
    }
    message.createReadStream = () =>
      Readable.from(read(), { objectMode: false }) as ReturnType<typeof create>;
    done();
  });
  // Each of them is an error of the message that it was for, which says so.
  transport.on("error", () => undefined);

  return {
    async send(message, signal, onData) {
      onDataOf.set(signal, onData);
      const { response, rejected } = await transport.sendMail({ ...message, signal });
      return { response, rejected };
    },
    close: () => transport.close(),
  };
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

function openSocket(host: string, port: number, timeoutMs: number, allowPrivate: boolean): Promise<Socket> {
  if (isRefusedHost(host, allowPrivate)) return Promise.reject(new PrivateAddress("the host is private"));
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(!allowPrivate && { lookup: publicLookup }) });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" })),
      timeoutMs,
    );
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}
