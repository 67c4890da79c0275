// Where a running system can be found: the launcher writes it, roles and commands that run alone read it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readKept, writeKept } from "./kept-file.ts";

const schema = z.object({
  nats_url: z.string(),
  eventstore_url: z.string(),
  database_url: z.string(),
  http_url: z.string(),
  simulator_url: z.string(),
  /** The launcher's. */
  pid: z.number(),
  started_at: z.string(),
});

export type Endpoints = Readonly<z.infer<typeof schema>>;

const fileIn = (dataDir: string): string => join(dataDir, "endpoints.json");

/** Undefined when nothing is written there, or not by us. */
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

/** Nothing runs there any more. */
export function removeEndpoints(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}
