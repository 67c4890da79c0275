// The official client, and what the tests of the event store need around it.
import { randomUUID } from "node:crypto";
import type { JSONEventData } from "@eventstore/db-client";
import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";

export function connect(server: { readonly connectionString: string }): EventStoreDBClient {
  return EventStoreDBClient.connectionString(server.connectionString);
}

export function streamName(prefix = "stream"): string {
  return `${prefix}-${randomUUID()}`;
}

export function events(count: number, type = "tested"): JSONEventData[] {
  return Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));
}

/** The error that a call must end with. */
export async function rejection<E extends Error>(
  call: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const error = await call.then(
    (value) => {
      throw new Error(`expected a ${kind.name}, got the result ${String(value)}`);
    },
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw error;
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const one of source) collected.push(one);
  return collected;
}

/** Waits for what another process or the network must bring about. */
export async function until(condition: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
