// Code that never ran is slow, and the first producers after a start would wait for it. So the path of a submission is run before the
// gateway listens: over a server of its own and real connections, down to the store, which refuses each append. Nothing of it is
// stored, counted or logged.

import { createSecretKey, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { SourceId } from "#domain/ids.ts";
import { SourceSettings } from "#domain/source/events.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { garbageCollector } from "#platform/garbage-collector.ts";
import { newUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import { unlimited } from "#platform/token-bucket.ts";
import { sealWith } from "#platform/vault/seal.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { signedHeaders } from "#platform/webhooks.ts";
import { createServer } from "./http/server.ts";
import { createAdmission } from "./intake/admission.ts";
import { createIntake, type IntakeParts } from "./intake/receive.ts";
import { intakeRoutes } from "./intake/routes.ts";
import type { KnownSource } from "./intake/sources.ts";
import { createStore, type StoreParts } from "./intake/store.ts";
import { createWaitingLine } from "./intake/waiting-line.ts";

export interface WarmUpParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly log: Log;
}

const REQUESTS = 600;
const CONNECTIONS = 50;
/** A store that is slow or away must not put off the start. */
const MAX_MS = 3_000;
/** No stream of ours has it before its first event. */
const NO_REVISION = 1_000_000n;

const key = createSecretKey(randomBytes(32));
const id = SourceId.parse("warm-up");
const source = {
  id,
  settings: SourceSettings.parse({}),
  keys: [key],
  secrets: new Map(),
  rateLimit: unlimited,
} as unknown as KnownSource;

const uncounted = {
  submissionsTotal: { inc: () => undefined },
  ackSeconds: { observe: () => undefined },
} as unknown as IntakeParts["metrics"];

/** Whether it got through in time. Never rejects. */
export async function warmUp({ eventStore, vault, log }: WarmUpParts): Promise<boolean> {
  const silent = log.child({}, { level: "silent" });
  const admission = createAdmission();
  const store = createStore({
    eventStore: refusing(eventStore),
    vault: withoutKeys(vault),
    admission,
    log: silent,
  });
  const intake = createIntake({ sources: () => new Map([[id, source]]), store, metrics: uncounted });
  const line = createWaitingLine({ room: () => CONNECTIONS, maxWaitMs: () => MAX_MS });
  const app = createServer(silent);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const signal = AbortSignal.timeout(MAX_MS);
  try {
    await app.register(intakeRoutes(intake, { wait: async () => undefined }, line));
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as AddressInfo;
    await Promise.all(Array.from({ length: REQUESTS }, () => submit(port, agent, signal)));
    return true;
  } catch (error) {
    log.debug({ err: error }, "gateway not warmed up");
    return false;
  } finally {
    agent.destroy();
    await app.close();
    // Else the engine would collect what the start has left in the middle of the first burst.
    garbageCollector("quick")();
  }
}

/** No key is made for what nobody keeps. */
function withoutKeys(vault: Vault): Vault {
  return { ...vault, sealCached: (keyId, value, context) => sealWith(key, keyId, value, context) };
}

/** Decides about an append as it would for any other, and always against it. */
function refusing(eventStore: EventStore): StoreParts["eventStore"] {
  return {
    ...eventStore,
    async append(stream, _expected, events, options) {
      try {
        return await eventStore.append(stream, NO_REVISION, events, options);
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision)) throw error;
        return { revision: 0n, position: 0n };
      }
    },
  };
}

async function submit(port: number, agent: Agent, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({
    email: `${newUuid()}@example.com`,
    phone: "+15550100000",
    full_name: "Warm Up",
    country: "US",
    interest: "none",
  });
  const headers = {
    "content-type": "application/json",
    "x-source": id,
    ...signedHeaders(key, newUuid(), body),
  };
  const sent = request({
    host: "127.0.0.1",
    port,
    path: "/api/submit",
    method: "POST",
    agent,
    headers,
    signal,
  });
  sent.end(body);
  const [response] = (await once(sent, "response", { signal })) as [IncomingMessage];
  response.resume();
  await once(response, "end", { signal });
  if (response.statusCode !== 202) throw new Error(`answered ${response.statusCode}`);
}
