// Where a running system can be found: the launcher writes it, roles and commands that run alone read it.

export interface Endpoints {
  readonly nats_url: string;
  readonly eventstore_url: string;
  readonly database_url: string;
  readonly http_url: string;
  readonly simulator_url: string;
  /** The launcher's. */
  readonly pid: number;
  readonly started_at: string;
}

/** Undefined when nothing was written there, or not by us. */
export function readEndpoints(_dataDir: string): Endpoints | undefined {
  throw new Error("not yet");
}

export function writeEndpoints(_dataDir: string, _endpoints: Endpoints): void {
  throw new Error("not yet");
}
