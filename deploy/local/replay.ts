// npm run replay -- <projection|all>: builds read models anew from the event log, beside those in use, then swaps them in.
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import { createProgress } from "./demo/progress.ts";
import { exitWith } from "./exit.ts";
import { Problem } from "./problem.ts";
import { type Reachable, reachYard } from "./replay/reach.ts";

interface Projection {
  readonly name: string;
  readonly position: string;
  readonly rebuilt_at: string | null;
  readonly rebuilding?: { readonly position: string };
}

const LOOK_MS = 200;
/** Right after a start nobody runs the projections yet. */
const BEGIN_WITHIN_MS = 30_000;
const BAR = 30;

await replay(process.argv[2]).catch(exitWith);

async function replay(wanted: string | undefined): Promise<void> {
  if (wanted === undefined) throw new Problem("Say which read model: npm run replay -- <projection|all>");
  const yard = await reachYard(process.env);
  try {
    const before = await list(yard);
    const chosen = before.filter(({ name }) => wanted === "all" || name === wanted);
    if (chosen.length === 0)
      throw new Problem(
        `There is no read model "${wanted}", but ${before.map(({ name }) => name).join(", ")}.`,
      );
    const began = performance.now();
    for (const { name } of chosen) await begin(yard, name);
    await follow(yard, chosen);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`Rebuilt ${chosen.map(({ name }) => name).join(", ")} in ${seconds} s.`);
  } finally {
    await yard.leave();
  }
}

async function begin(yard: Reachable, name: string): Promise<void> {
  const end = performance.now() + BEGIN_WITHIN_MS;
  for (;;) {
    const { status, text } = await call(yard, "POST", `/api/projections/${name}/rebuild`);
    if (status === 202) return;
    if (status < 500 || performance.now() > end)
      throw new Problem(`The rebuild of ${name} was answered ${status}: ${text}`);
    await pause(LOOK_MS);
  }
}

async function follow(yard: Reachable, chosen: readonly Projection[]): Promise<void> {
  const progress = createProgress(process.stdout);
  for (;;) {
    const now = new Map((await list(yard)).map((one) => [one.name, one]));
    const shares = chosen.map((before) => shareDone(before, now.get(before.name)));
    const share = shares.reduce((sum, one) => sum + one, 0) / shares.length;
    if (shares.every((one) => one === 1)) return progress.end(bar(1));
    progress.show(bar(share));
    await pause(LOOK_MS);
  }
}

/** 1 once it is swapped in; while it is built, how far through the log it is. */
function shareDone(before: Projection, now: Projection | undefined): number {
  if (now === undefined) return 0;
  if (now.rebuilding === undefined) return now.rebuilt_at === before.rebuilt_at ? 0 : 1;
  const far = Number(now.rebuilding.position) / Math.max(1, Number(now.position));
  return Math.min(0.99, far);
}

function bar(share: number): string {
  const full = Math.round(share * BAR);
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}] ${Math.floor(share * 100)} %`;
}

async function list(yard: Reachable): Promise<Projection[]> {
  const { status, text } = await call(yard, "GET", "/api/projections");
  if (status !== 200) throw new Problem(`GET /api/projections was answered ${status}: ${text}`);
  return JSON.parse(text) as Projection[];
}

async function call(
  { url, adminToken }: Reachable,
  method: "GET" | "POST",
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await request(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}
