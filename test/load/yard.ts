// The yard that is put under load: `npm start` in a fresh data folder on free ports, with its simulated partners.
import { join } from "node:path";
import { request } from "undici";
import { readKept } from "#platform/kept-file.ts";
import { newSecret } from "#platform/webhooks.ts";
import { startLaunchedYard } from "../harness/launched-yard.ts";

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
  const sourceSecret = newSecret();
  const { dataDir, endpoints, stop } = await startLaunchedYard("load-yard-", {
    ADMIN_TOKEN: TOKEN,
    SOURCES: `${SOURCE}:${sourceSecret}`,
    ...env,
  });
  try {
    const partnerSecret = readKept(join(dataDir, "secrets", "demo-partner-secret"))?.trim();
    if (partnerSecret === undefined) throw new Error("The yard made no secret for its demo partners");
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
