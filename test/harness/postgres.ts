// A real PostgreSQL for tests, on a free port and a folder of its own; also as root.

export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  /** An empty database beside the others; its URL. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

export function startPostgres(): Promise<PostgresServer> {
  throw new Error("not yet");
}
