// npm run replay -- <projection|all>: builds read models anew from the event log, beside those in use, then swaps them in.
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import { createProgress } from "./demo/progress.ts";
import { exitWith } from "./exit.ts";
import { Problem } from "./problem.ts";
import { createRebuildProgress, differencesOf, type ShownProjection } from "./replay/progress.ts";
import { type Reachable, reachYard } from "./replay/reach.ts";

const LOOK_MS = 200;
/** Right after a start nobody runs the projections yet. */
const BEGIN_WITHIN_MS = 30_000;

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
    const rebuilt = await follow(yard, chosen);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`Rebuilt ${chosen.map(({ name }) => name).join(", ")} in ${seconds} s.`);
    const equal = rebuilt.filter(({ compared }) => compared?.equal).map(({ name }) => name);
    if (equal.length > 0) console.log(`Equal to what was in use: ${equal.join(", ")}.`);
    for (const line of rebuilt.flatMap(differencesOf)) console.error(line);
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

/** Until all are swapped in; how they are then. */
async function follow(
  yard: Reachable,
  chosen: readonly ShownProjection[],
): Promise<readonly ShownProjection[]> {
  const shown = createProgress(process.stdout);
  const look = createRebuildProgress(chosen, performance.now());
  for (;;) {
    const now = await list(yard);
    const { isDone, line } = look(now, performance.now());
    if (isDone) {
      shown.end(line);
      return now.filter(({ name }) => chosen.some((one) => one.name === name));
    }
    shown.show(line);
    await pause(LOOK_MS);
  }
}

async function list(yard: Reachable): Promise<ShownProjection[]> {
  const { status, text } = await call(yard, "GET", "/api/projections");
  if (status !== 200) throw new Problem(`GET /api/projections was answered ${status}: ${text}`);
  return JSON.parse(text) as ShownProjection[];
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
