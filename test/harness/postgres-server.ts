export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  /** The postmaster, whose children are all others. */
  readonly pid: number;
  /** Where all its files are. */
  readonly dir: string;
  /** An empty database beside the others; its URL. */
  createDatabase(name: string): Promise<string>;
  /** Same port, same folder; every connection breaks. */
  restart(): Promise<void>;
  /** The same without shutting down: what was committed and not synced is lost. */
  crash(): Promise<void>;
  /** Its data stay, for a restart. */
  halt(): Promise<void>;
  stop(): Promise<void>;
}
