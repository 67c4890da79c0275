// A campaign over the customers of the simulated CRM, from their import to the last one's end. One in five replies.
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import { Problem } from "../problem.ts";
import type { AdminClient } from "../welcome/admin-client.ts";
import { DEMO_STEPS, MAILS, replyOf, WORDS } from "./campaign-steps.ts";

export interface CampaignRun {
  readonly admin: Pick<AdminClient, "get" | "put" | "post">;
  readonly simulatorUrl: string;
  /** Keeps the campaign of one run apart from those of another. */
  readonly run: string;
  readonly customers: number;
  readonly show: (line: string) => void;
}

export interface Ran {
  readonly customers: number;
  readonly replied: number;
  readonly seconds: number;
  readonly view: View;
  /** As the provider has counted: mails, and ids among them. */
  readonly provider: { readonly effects: number; readonly ids: number };
}

/** Of what the API shows of a campaign. */
export interface View {
  readonly status: string;
  readonly counts: Readonly<
    Record<"pending" | "working" | "waiting" | "done" | "failed" | "cancelled", number>
  >;
  readonly funnel: readonly {
    readonly id: string;
    readonly entered: number;
    readonly left: number;
    readonly failed: number;
    readonly waiting: number;
    readonly working: number;
  }[];
  readonly import?: { readonly state: string; readonly added: number; readonly reason?: string };
  readonly pace?: { readonly per_second: number; readonly limited_by: string | null };
}

const LOOK_MS = 300;
const REPLIES_AT_ONCE = 8;
const MAX_PAGES = 50;
const MAX_PAGE = 1_000;
/** A campaign in which nothing happens for so long does not end. */
const STUCK_MS = 60_000;

export async function runCampaign(options: CampaignRun): Promise<Ran> {
  const { admin, simulatorUrl, run, customers, show } = options;
  const path = `/api/campaigns/demo-${run}`;
  const before = await providerTotals(simulatorUrl);
  await admin.put(`/api/partners/${MAILS}`, {
    name: "Mails of the demo's campaigns",
    delivery: { type: "http", url: `${simulatorUrl}/partners/${MAILS}` },
    limits: { concurrency: 64 },
  });
  await admin.put(`/api/analysis-services/${WORDS}`, { type: "builtin" });
  await admin.put(path, { name: `Demo ${run}`, concurrency: 500, steps: DEMO_STEPS });
  await admin.post(`${path}/start`, {});
  const began = performance.now();
  await admin.post(`${path}/import`, { url: crmUrl(options), items_path: "records", next_path: "next" });

  const replies = replier(options, path);
  let last = { moves: -1, at: performance.now() };
  for (;;) {
    const view = await viewOf(admin, path);
    if (view !== undefined) {
      show(howFar(view, replies.sent));
      if (view.import?.state === "failed") throw new Problem(`The import failed: ${view.import.reason}`);
      const isWhole = view.status === "done" && view.import?.state === "done";
      await replies.upTo(isWhole ? 0 : sentIn(view));
      const moves = view.funnel.reduce((sum, { entered, left }) => sum + entered + left, 0);
      if (moves !== last.moves) last = { moves, at: performance.now() };
      if (isWhole || performance.now() - last.at > STUCK_MS) {
        const seconds = (performance.now() - began) / 1_000;
        const after = await providerTotals(simulatorUrl);
        const provider = { effects: after.effects - before.effects, ids: after.ids - before.ids };
        return { customers, replied: replies.sent, seconds, view, provider };
      }
    }
    await pause(LOOK_MS);
  }
}

/** Several pages, one of them refused once and one that fails twice. */
function crmUrl({ simulatorUrl, run, customers }: CampaignRun): string {
  const size = Math.min(MAX_PAGE, Math.max(1, Math.ceil(customers / MAX_PAGES)));
  return `${simulatorUrl}/crm/customers?total=${customers}&size=${size}&limited=2&fails=3&run=${run}`;
}

/** Undefined where it can't be said just now. */
async function viewOf({ get }: Pick<AdminClient, "get">, path: string): Promise<View | undefined> {
  try {
    return (await get(path)) as View;
  } catch (error) {
    if (error instanceof Problem) throw error;
    return undefined;
  }
}

const sentIn = ({ funnel }: View): number => funnel.find(({ id }) => id === "hello")?.left ?? 0;

/** Customers are sent to about in their order, so the first so many have something to reply to. */
function replier({ admin, customers }: CampaignRun, path: string) {
  let next = 0;
  let sent = 0;
  async function reply(n: number): Promise<void> {
    const said = replyOf(n);
    if (said === undefined) return;
    await postAgain(admin, `${path}/replies`, said);
    sent += 1;
  }
  return {
    get sent() {
      return sent;
    },
    async upTo(end: number): Promise<void> {
      while (next < Math.min(end, customers)) {
        const some = Array.from({ length: REPLIES_AT_ONCE * 5 }, (_, n) => next + n);
        next += some.length;
        await Promise.all(some.filter((n) => n < customers).map(reply));
      }
    },
  };
}

/** A reply is taken once, so it can be handed in again while the yard can't take it. */
async function postAgain({ post }: Pick<AdminClient, "post">, path: string, body: object): Promise<void> {
  for (const end = performance.now() + STUCK_MS; ; await pause(LOOK_MS)) {
    try {
      await post(path, body);
      return;
    } catch (error) {
      if (error instanceof Problem || performance.now() > end) throw error;
    }
  }
}

async function providerTotals(simulatorUrl: string): Promise<Ran["provider"]> {
  try {
    const { body } = await request(`${simulatorUrl}/partners/${MAILS}`);
    return (await body.json()) as Ran["provider"];
  } catch (error) {
    throw new Problem(`The simulator at ${simulatorUrl}, which has the customers, does not answer: ${error}`);
  }
}

function howFar({ counts, import: imported, pace }: View, replied: number): string {
  const { waiting, done, failed } = counts;
  const figures = [
    `${imported?.added ?? 0} imported`,
    `${waiting} waiting`,
    `${replied} replied`,
    `${done} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return `${figures.join(", ")}${pace === undefined ? "" : `; ${pace.per_second} steps a second`}`;
}
