// The yard that is put under load: `npm start` in a fresh data folder on free ports, with its simulated partners.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { readEndpoints } from "#platform/endpoints.ts";
import { readKept } from "#platform/kept-file.ts";
import { newSecret } from "#platform/webhooks.ts";
import { GRACE_S, newDataDir, spawnLauncher, stopLauncher, untilReady } from "../harness/launcher.ts";
import { guard } from "../harness/orphan-guard.ts";

export interface LoadedYard {
  readonly url: string;
  readonly simulatorUrl: string;
  readonly source: string;
  readonly sourceSecret: string;
  /** What the simulated partners over HTTP check signatures with. */
  readonly partnerSecret: string;
  behave(partner: string, settings: object): Promise<void>;
  /** Undefined where the yard does not know the lead. */
  statusOf(lead: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

const SOURCE = "load";
const TOKEN = "token-of-the-load";
/** No delivery is exhausted while a partner fails, and one that is back gets its leads soon. */
const PATIENCE = {
  retry: { max_attempts: 100, base_ms: 100, max_ms: 2_000 },
  circuit: { failure_threshold: 5, open_ms: 2_000 },
};

export async function startLoadedYard(env: Readonly<Record<string, string>>): Promise<LoadedYard> {
  const dataDir = newDataDir("load-yard-");
  const sourceSecret = newSecret();
  const launcher = spawnLauncher({
    DATA_DIR: dataDir,
    PORT: "0",
    SIMULATOR_PORT: "0",
    ADMIN_TOKEN: TOKEN,
    SOURCES: `${SOURCE}:${sourceSecret}`,
    ...env,
  });
  const release = guard(launcher.pid, dataDir, GRACE_S);
  async function stop(): Promise<void> {
    await stopLauncher(launcher);
    release();
    rmSync(dataDir, { recursive: true, force: true });
  }

  try {
    await untilReady(launcher, () => launcher.output().includes("Switchyard is ready"));
    const endpoints = readEndpoints(dataDir);
    const partnerSecret = readKept(join(dataDir, "secrets", "demo-partner-secret"))?.trim();
    if (endpoints === undefined || partnerSecret === undefined)
      throw new Error(`The yard wrote no addresses or no secret to its data folder:\n${launcher.output()}`);
    const { http_url: url, simulator_url: simulatorUrl } = endpoints;
    await makePatient(url);
    return {
      ...{ url, simulatorUrl, source: SOURCE, sourceSecret, partnerSecret, stop },
      async behave(partner, settings) {
        await call("PUT", `${simulatorUrl}/partners/${partner}`, { ...settings, secret: partnerSecret });
      },
      async statusOf(lead) {
        const { status } = await call<{ status?: string }>("GET", `${url}/api/leads/${lead}`).catch(() => ({
          status: undefined,
        }));
        return status;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makePatient(url: string): Promise<void> {
  const { items } = await call<{ items: readonly { id: string }[] }>("GET", `${url}/api/partners`);
  for (const partner of items)
    await call("PUT", `${url}/api/partners/${partner.id}`, { ...partner, ...PATIENCE });
}

export async function call<T>(method: "GET" | "PUT", url: string, body?: object): Promise<T> {
  const answer = await request(url, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300)
    throw new Error(`${method} ${url} was answered ${answer.statusCode}: ${text}`);
  return JSON.parse(text) as T;
}
