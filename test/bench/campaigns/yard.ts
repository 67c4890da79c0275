// The yard as `npm start` runs it, with a campaign of one step.
import { newSecret } from "#platform/webhooks.ts";
import { createClient } from "../../e2e/client.ts";
import { startLaunchedYard } from "../../harness/launched-yard.ts";
import { processTreesOf } from "../pipeline/processes.ts";
import { linesOf, TEMPLATE } from "./members.ts";
import { slowestAnswer } from "./slowest-answer.ts";
import { type Created, type JobSystem, WORKERS } from "./system.ts";

const TOKEN = "token-of-the-benchmark";
const PARTNER = "mails";

interface Uploaded {
  readonly added: number;
  readonly duplicates: number;
  readonly invalid: readonly { readonly line: number }[];
}

interface Shown {
  readonly status: string;
  readonly counts: { readonly done: number; readonly failed: number };
}

/** `concurrency`: of the campaign. A member has its slot until it is stored what came of it, so there are more of them than calls. */
export async function startYard(
  providerUrl: string,
  concurrency: number,
  env: Readonly<Record<string, string>> = {},
): Promise<JobSystem> {
  const yard = await startLaunchedYard("bench-campaigns-", { ADMIN_TOKEN: TOKEN, ...env });
  const { http_url: url } = yard.endpoints;
  const client = createClient({ url, token: TOKEN, source: "bench", secret: newSecret() });

  async function admin<Body>(method: string, path: string, body?: object): Promise<Body> {
    const { status, body: said } = await client.admin<Body>(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} failed with ${status}: ${JSON.stringify(said)}`);
    return said;
  }

  async function create(batch: string, count: number, isRepeated: boolean): Promise<Created> {
    if (!isRepeated) {
      const steps = [{ id: "hello", type: "send", partner: PARTNER, template: TEMPLATE }];
      await admin("PUT", `/api/campaigns/${batch}`, { name: batch, concurrency, steps });
    }
    const { text, invalid } = linesOf(count);
    const others = slowestAnswer(`${url}/livez`);
    const began = performance.now();
    const { status, body } = await client.lines<Uploaded>(`/api/campaigns/${batch}/members`, text);
    const ms = performance.now() - began;
    const othersMs = await others.stop();
    if (status !== 200) throw new Error(`the upload failed with ${status}: ${JSON.stringify(body)}`);
    const told = JSON.stringify([body.added, body.duplicates, body.invalid.map(({ line }) => line)]);
    const expected = JSON.stringify([...(isRepeated ? [0, count] : [count, 0]), invalid]);
    if (told !== expected) throw new Error(`the upload answered ${told.slice(0, 500)}`);
    return { ms, othersMs };
  }

  try {
    await admin("PUT", `/api/partners/${PARTNER}`, {
      name: PARTNER,
      delivery: { type: "http", url: providerUrl },
      limits: { concurrency: WORKERS },
    });
  } catch (error) {
    await yard.stop();
    throw error;
  }
  return {
    create,
    begin: (batch) => admin("POST", `/api/campaigns/${batch}/start`, {}),
    async isOver(batch, count) {
      const { status, counts } = await admin<Shown>("GET", `/api/campaigns/${batch}`);
      if (counts.failed > 0) throw new Error(`${counts.failed} members have failed`);
      return status === "done" && counts.done === count;
    },
    processTrees: () => processTreesOf(yard.launcher.pid),
    stop: yard.stop,
  };
}
