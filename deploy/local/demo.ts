// npm run demo: a hundred signed submissions at once, then what became of each. Fails when one is lost.
// npm run demo -- campaign: a campaign over the customers of a simulated CRM.
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import { every } from "#platform/every.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { runCampaign } from "./demo/campaign.ts";
import { campaignReport, wrongWith } from "./demo/campaign-report.ts";
import { type DemoLead, demoLeads } from "./demo/leads.ts";
import { createProgress } from "./demo/progress.ts";
import { hasEnded, isLost, type Outcome, reportOf } from "./demo/report.ts";
import { exitWith } from "./exit.ts";
import { Problem } from "./problem.ts";
import { findRunningYard, type RunningYard } from "./running.ts";
import { adminClient } from "./welcome/admin-client.ts";

const SUBMISSIONS = 100;
const ALL_WITHIN_MS = 90_000;
const LOOK_MS = 150;

/** What is known of a submission so far. */
interface Followed {
  id?: string;
  outcome: Outcome;
}

interface LeadAnswer {
  readonly status: string;
  readonly partner?: string;
  readonly received_at: string;
  readonly updated_at: string;
}

/** A minute's work for two cores; the whole CRM has 50,000. */
const CUSTOMERS = 50_000;
const MAX_CUSTOMERS = 1_000_000;
const USAGE = "npm run demo [-- campaign [--customers <1 to 1000000>]]";

await main().catch(exitWith);

async function main(): Promise<void> {
  const customers = customersAskedFor(process.argv.slice(2));
  const yard = findRunningYard(process.env);
  await (customers === undefined ? demo(yard) : demoCampaign(yard, customers));
}

/** Undefined where no campaign is asked for. */
function customersAskedFor(args: string[]): number | undefined {
  try {
    const { positionals, values } = parseArgs({
      args,
      options: { customers: { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.length === 0 && values.customers === undefined) return undefined;
    const customers = Number(values.customers ?? CUSTOMERS);
    const isSound = Number.isInteger(customers) && customers >= 1 && customers <= MAX_CUSTOMERS;
    if (positionals.join(" ") === "campaign" && isSound) return customers;
  } catch {
    // As little to be understood as the rest.
  }
  throw new Problem(`The demo is run as ${USAGE}.`);
}

async function demoCampaign({ endpoints, adminToken }: RunningYard, customers: number): Promise<void> {
  const progress = createProgress(process.stdout);
  const run = Date.now().toString(36);
  console.log(`A campaign over ${customers} customers of the simulated CRM: demo-${run}`);
  const ran = await runCampaign({
    admin: adminClient(endpoints.http_url, adminToken),
    simulatorUrl: endpoints.simulator_url,
    run,
    customers,
    show: progress.show,
  });
  progress.end("");
  console.log(campaignReport(ran));
  console.log(`\nThe campaign: ${endpoints.http_url}/campaigns/demo-${run}`);
  const wrong = wrongWith(ran);
  console.log(wrong ?? "Every customer came to one end, and nobody got a mail twice.");
  process.exit(wrong === undefined ? 0 : 1);
}

async function demo(yard: RunningYard): Promise<void> {
  const pool = new Pool(yard.endpoints.http_url, { connections: SUBMISSIONS });
  const leads = demoLeads(Date.now().toString(36), SUBMISSIONS);
  const all: Followed[] = leads.map(() => ({ outcome: { status: undefined } }));
  const end = performance.now() + ALL_WITHIN_MS;
  const progress = createProgress(process.stdout);
  console.log(
    `${SUBMISSIONS} submissions at once to ${yard.endpoints.http_url}, signed as "${yard.source.id}"`,
  );

  const stopShowing = every({ ms: LOOK_MS, work: () => progress.show(howFar(all)) });
  const failures = await Promise.all(
    leads.map(async (lead, at) => {
      const followed = all[at];
      if (followed === undefined) return undefined;
      try {
        followed.id = await submit(pool, yard, lead, end);
        await follow(pool, yard, followed, end);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    }),
  );
  stopShowing();
  progress.end(howFar(all));
  await pool.close();

  const outcomes = all.map(({ outcome }) => outcome);
  const reasons = new Set(failures.filter((failure) => failure !== undefined));
  console.log(`\n${reportOf(outcomes)}\n`);
  for (const reason of reasons) console.log(`not followed to its end: ${reason}`);
  const lost = outcomes.filter(isLost).length;
  console.log(lost === 0 ? "None is lost." : `${lost} did not end within ${ALL_WITHIN_MS / 1000} s.`);
  process.exit(lost === 0 ? 0 : 1);
}

/** Repeated under the same key while the yard can't take it, which is always safe. */
async function submit(pool: Pool, { source }: RunningYard, lead: DemoLead, end: number): Promise<string> {
  for (;;) {
    const answer = await call(pool, "POST", lead.path, lead.body, {
      "x-source": source.id,
      ...signedHeaders(parseSecret(source.secret), lead.key, lead.body),
    }).catch((error: Error) => ({ status: 503, text: error.message }));
    if (answer.status === 202 || answer.status === 200) return (JSON.parse(answer.text) as { id: string }).id;
    const passing = answer.status === 409 || answer.status === 429 || answer.status === 503;
    if (!passing || performance.now() > end)
      throw new Problem(`POST ${lead.path} was answered ${answer.status}: ${answer.text}`);
    await pause(500);
  }
}

async function follow(
  pool: Pool,
  { adminToken }: RunningYard,
  followed: Followed,
  end: number,
): Promise<void> {
  const path = `/api/leads/${followed.id}`;
  followed.outcome = { status: "accepted" };
  let refused = "";
  for (; performance.now() < end; await pause(LOOK_MS)) {
    const { status, text } = await call(pool, "GET", path, null, {
      authorization: `Bearer ${adminToken}`,
    }).catch((error: Error) => ({ status: 0, text: error.message }));
    // 404: the read model has not got that far.
    refused = status === 200 || status === 404 ? "" : `GET ${path} was answered ${status}: ${text}`;
    if (status === 401 || status === 403) break;
    if (status !== 200) continue;
    followed.outcome = outcomeOf(JSON.parse(text) as LeadAnswer);
    if (hasEnded(followed.outcome.status)) return;
  }
  if (refused !== "") throw new Problem(refused);
}

function outcomeOf({ status, partner, received_at, updated_at }: LeadAnswer): Outcome {
  if (!hasEnded(status)) return { status, partner };
  return { status, partner, totalMs: Date.parse(updated_at) - Date.parse(received_at) };
}

async function call(
  pool: Pool,
  method: "GET" | "POST",
  path: string,
  body: string | null,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await pool.request({
    method,
    path,
    body,
    headers: body === null ? headers : { "content-type": "application/json", ...headers },
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

function howFar(all: readonly Followed[]): string {
  const accepted = all.filter(({ id }) => id !== undefined).length;
  const counts = new Map<string, number>();
  for (const { outcome } of all)
    if (hasEnded(outcome.status))
      counts.set(outcome.status ?? "", (counts.get(outcome.status ?? "") ?? 0) + 1);
  const ended = [...counts].map(([status, count]) => `${count} ${status}`);
  return [`${accepted} accepted`, ...ended].join(", ");
}
