// A real nats-server with JetStream for tests, on a free port and a folder of its own.

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Same port, same folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export function startNats(_options?: { readonly dir?: string; readonly port?: number }): Promise<NatsServer> {
  throw new Error("not yet");
}
