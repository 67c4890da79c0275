// The connections to the store. Appends have one of their own, which everyone in the process shares.
import { EventStoreDBClient } from "@eventstore/db-client";
import { decodeQuickly } from "./quick-bytes.ts";

decodeQuickly();

interface Shared {
  readonly client: EventStoreDBClient;
  users: number;
}

const appendClients = new Map<string, Shared>();

/**
 * The client keeps the appends of all its instances in one table: when the stream of one breaks, all are rejected, and a late
 * answer to one of them then throws. With one instance per store, and nothing else on its connection, neither can happen.
 */
export function shareAppendClient(url: string): {
  readonly client: EventStoreDBClient;
  release(): Promise<void>;
} {
  const shared = appendClients.get(url) ?? { client: EventStoreDBClient.connectionString(url), users: 0 };
  appendClients.set(url, shared);
  shared.users += 1;
  return {
    client: shared.client,
    async release() {
      shared.users -= 1;
      if (shared.users > 0) return;
      appendClients.delete(url);
      await shared.client.dispose();
    },
  };
}

function isGrpcFailure(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && "details" in reason && "metadata" in reason;
}

let guarded = false;

/**
 * When an append waits to be written while its stream breaks, the client rejects a promise that nobody holds. The append itself
 * gets no answer and is tried again, so that rejection must not end the process; every other still does.
 */
export function ignoreStrayRejections(): void {
  if (guarded) return;
  guarded = true;
  process.on("unhandledRejection", (reason) => {
    if (!isGrpcFailure(reason)) throw reason;
  });
}
