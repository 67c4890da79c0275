// Where a running system can be found: the launcher writes it, roles and commands that run alone read it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ROLES } from "./config.ts";
import { readKept, writeKept } from "./kept-file.ts";

const schema = z.object({
  nats_url: z.string(),
  /** Where NATS is our own: for producers, who may only hand in. */
  nats_producer_url: z.string().optional(),
  eventstore_url: z.string(),
  database_url: z.string(),
  /** Of the gateway. */
  http_url: z.string(),
  simulator_url: z.string(),
  /** Of our own programs; each answers /livez, /readyz and /metrics at its URL. */
  processes: z.array(z.object({ name: z.string(), roles: z.array(z.enum(ROLES)), url: z.string() })),
  /** The launcher's. */
  pid: z.number(),
  /** What tells that process from a later one with its number; earlier releases did not say. */
  identity: z.string().optional(),
  started_at: z.string(),
});

export type Endpoints = Readonly<z.infer<typeof schema>>;

const fileIn = (dataDir: string): string => join(dataDir, "endpoints.json");

/** Undefined when there is none, or none of this version. */
export function readEndpoints(dataDir: string): Endpoints | undefined {
  const text = readKept(fileIn(dataDir));
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function writeEndpoints(dataDir: string, endpoints: Endpoints): void {
  writeKept(fileIn(dataDir), `${JSON.stringify(endpoints, null, 2)}\n`);
}

/** For a launcher that has stopped everything. */
export function removeEndpoints(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}
