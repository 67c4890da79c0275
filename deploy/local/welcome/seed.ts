// Brings the demo partners to life: in an empty yard it makes them, in any other it keeps them pointed at the simulator. Nothing that
// somebody configured is touched.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import type { Config } from "#platform/config.ts";
import { keptOrMade, readKept, writeKept } from "#platform/kept-file.ts";
import { retryUntil } from "#platform/retry.ts";
import { newSecret } from "#platform/webhooks.ts";
import { Problem } from "../problem.ts";
import { type AdminClient, adminClient } from "./admin-client.ts";
import {
  DEMO_PARTNERS,
  DEMO_RULES,
  demoDelivery,
  type SimulatorUrls,
  simulatedUrl,
} from "./demo-partners.ts";

/** Longer than a process that died takes to come back. */
const WITHIN_MS = 20_000;
const BACKOFF = { baseMs: 100, maxMs: 1_000 };
const LOOK_EVERY_MS = 50;

export interface DemoOptions {
  readonly config: Config;
  readonly httpUrl: string;
  readonly simulatorUrl: string;
  readonly adminToken: string;
  /** Ends the tries. */
  readonly signal: AbortSignal;
}

/** The configuration of a partner as the admin API gives it, as far as it matters here. */
interface Listed {
  readonly id: string;
  /** Null where it can't be used as it is stored. */
  readonly delivery: { readonly type: string; readonly url?: string; readonly smtp_url?: string } | null;
  readonly name: string;
}

/** Returns what it did, in words; nothing when all was in place. Tried again while a process is away. */
export async function prepareDemo(options: DemoOptions): Promise<string> {
  let last: unknown;
  const done = await retryUntil(() => prepare(options), {
    backoff: BACKOFF,
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(WITHIN_MS)]),
    onFailure: (error) => {
      last = error;
      if (error instanceof Problem) throw error;
    },
  });
  if (done === undefined) throw last ?? new Error("stopped");
  return done;
}

async function prepare({ config, httpUrl, simulatorUrl, adminToken, signal }: DemoOptions): Promise<string> {
  const secret = keptOrMade(join(config.dataDir, "secrets", "demo-partner-secret"), newSecret);
  if (config.roles.includes("simulator")) await instructSimulator(simulatorUrl, secret);
  if (!config.roles.includes("gateway")) return "";
  const admin = adminClient(httpUrl, adminToken);
  const { items } = (await admin.get("/api/partners")) as { items: readonly Listed[] };
  const now = { http: simulatorUrl, smtp: await smtpUrlOf(simulatorUrl) };
  const before = keptUrls(config.dataDir);
  const isMoved = before !== undefined && (before.http !== now.http || before.smtp !== now.smtp);
  const moved = isMoved ? await repoint(admin, items, before, now) : [];
  // Before anything is made, so that what an interrupted seed has made is found again at another port.
  keepUrls(config.dataDir, now);
  const { version } = (await admin.get("/api/rules")) as { version: number };
  const isEmpty = version === 0 && items.every(isDemoPartner);
  const made = isEmpty ? await seed(admin, items, now, secret) : "";
  if (made !== "" && config.roles.includes("compiler")) await untilRulesInForce(admin, signal);
  const pointed = moved.length === 0 ? "" : `pointed ${moved.join(", ")} to the simulator's new port`;
  return [made, pointed].filter((one) => one !== "").join("; ");
}

/** On the same host; where it does not run, it will be beside its other port. */
async function smtpUrlOf(simulatorUrl: string): Promise<string> {
  const { hostname, port } = new URL(simulatorUrl);
  try {
    const { body } = await request(`${simulatorUrl}/smtp`);
    // What listens on every address is reached at this one.
    const listening = new URL(((await body.json()) as { url: string }).url);
    return `smtp://${hostname}:${listening.port}`;
  } catch {
    return `smtp://${hostname}:${Number(port) + 1}`;
  }
}

/** Beside no others they are what an interrupted seed has left, or somebody's that bear their names. */
function isDemoPartner({ id }: Listed): boolean {
  return DEMO_PARTNERS.some((partner) => partner.id === id);
}

/** The rules come last: as long as there were never any, the seed is not finished. */
async function seed(
  admin: AdminClient,
  there: readonly Listed[],
  urls: SimulatorUrls,
  secret: string,
): Promise<string> {
  const missing = DEMO_PARTNERS.filter(({ id }) => !there.some((one) => one.id === id));
  for (const partner of missing) {
    const { id, name } = partner;
    const delivery = demoDelivery(partner, urls, secret);
    await admin.put(`/api/partners/${id}`, { name, enabled: true, delivery });
  }
  const isFirst = await admin.putUnlessChanged("/api/rules", { rules: DEMO_RULES, expected_version: 0 });
  const made = [
    ...(missing.length > 0 ? [`partners ${missing.map(({ id }) => id).join(", ")}`] : []),
    ...(isFirst ? [`${DEMO_RULES.length} rules`] : []),
  ];
  return made.join(" and ");
}

/** They are compiled after they are stored; a lead that came in between would find none, and go to nobody for good. */
async function untilRulesInForce(admin: AdminClient, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!signal.aborted && performance.now() < deadline) {
    const rules = await admin.get("/api/rules").catch(() => ({}));
    const { compiled_at, compile_error } = rules as { compiled_at?: string; compile_error?: string };
    if (compile_error !== undefined || Date.parse(compiled_at ?? "") > 0) return;
    await pause(LOOK_EVERY_MS);
  }
}

async function repoint(
  admin: AdminClient,
  items: readonly Listed[],
  before: SimulatorUrls,
  now: SimulatorUrls,
): Promise<readonly string[]> {
  const moved: string[] = [];
  for (const { id, ...config } of items) {
    const changed = repointed(id, config, before, now);
    if (changed === undefined) continue;
    await admin.put(`/api/partners/${id}`, { ...config, delivery: { ...config.delivery, ...changed } });
    moved.push(id);
  }
  return moved;
}

/** What changes of a delivery that leads to the simulator. A webhook's URL can't be read: the partner's name says whose it is. */
function repointed(
  id: string,
  { name, delivery }: Omit<Listed, "id">,
  before: SimulatorUrls,
  now: SimulatorUrls,
): Readonly<Record<string, string>> | undefined {
  if (before.http !== now.http && delivery?.url === simulatedUrl(before.http, id))
    return { url: simulatedUrl(now.http, id) };
  if (delivery?.smtp_url === before.smtp && before.smtp !== now.smtp) return { smtp_url: now.smtp };
  const isOurs = DEMO_PARTNERS.some((one) => one.channel === "slack" && one.id === id && one.name === name);
  const isMoved = before.http !== now.http;
  if (delivery?.type === "slack" && isOurs && isMoved) return { webhook_url: `${now.http}/slack/${id}` };
  return undefined;
}

/** The simulator remembers nothing, so it is told each time that its partners check signatures. */
async function instructSimulator(simulatorUrl: string, secret: string): Promise<void> {
  for (const { id, price, channel } of DEMO_PARTNERS) {
    if (channel !== "http") continue;
    const answer = await request(simulatedUrl(simulatorUrl, id), {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ secret, price }),
    });
    await answer.body.dump();
  }
}

const simulatorFile = (dataDir: string): string => join(dataDir, "simulator.url");
const mailFile = (dataDir: string): string => join(dataDir, "simulator-smtp.url");

export function keptSimulatorUrl(dataDir: string): string | undefined {
  return readKept(simulatorFile(dataDir))?.trim();
}

function keptUrls(dataDir: string): SimulatorUrls | undefined {
  const http = keptSimulatorUrl(dataDir);
  return http === undefined ? undefined : { http, smtp: readKept(mailFile(dataDir))?.trim() ?? "" };
}

function keepUrls(dataDir: string, { http, smtp }: SimulatorUrls): void {
  writeKept(mailFile(dataDir), `${smtp}\n`);
  writeKept(simulatorFile(dataDir), `${http}\n`);
}
