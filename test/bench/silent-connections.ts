// `npm run bench -- silent-connections [--n <count>] [--seconds <seconds>]`: what connections cost that say nothing, and how fast signed
// submissions are acknowledged beside them, each over a connection of its own. The gateway ends a silent one after 10 s, so a longer
// measurement sees fewer of them.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pause } from "#platform/retry.ts";
import { parseSecret } from "#platform/webhooks.ts";
import { startParts } from "../gateway/gateway.ts";
import { sendPlainly, signedPairs } from "../gateway/plain-http.ts";
import { startGatewayProcess } from "../gateway/process.ts";
import { startChild } from "./pipeline/child.ts";
import type { SilentApi } from "./silent-connections/silent.ts";

/** Several, as each may have only so many files open. */
const CHILDREN = 4;
const PRODUCERS = 20;
const WARM_UP_SECONDS = 3;
const lead = '{"email":"jane@example.com"}';

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: { n: { type: "string", default: "20000" }, seconds: { type: "string", default: "5" } },
  });
  const [wanted, seconds] = [Number(values.n), Number(values.seconds)];
  const parts = await startParts();
  const gateway = await startGatewayProcess(parts);
  const children = Array.from({ length: CHILDREN }, () =>
    startChild<SilentApi>(join(import.meta.dirname, "silent-connections/silent.ts")),
  );
  const counts = async () => {
    const all = await Promise.all(children.map((one) => one.call("counts")));
    const sum = (of: "open" | "ended"): number => all.reduce((total, one) => total + one[of], 0);
    return { open: sum("open"), ended: sum("ended") };
  };
  try {
    const key = parseSecret(parts.secret);
    await acknowledged(gateway.url, key, WARM_UP_SECONDS);
    const quiet = await acknowledged(gateway.url, key, seconds);
    const before = gateway.residentMb();
    const port = Number(new URL(gateway.url).port);
    const count = Math.ceil(wanted / CHILDREN);
    const began = performance.now();
    await Promise.all(children.map((one) => one.call("open", { port, count })));
    const took = (performance.now() - began) / 1_000;
    // Where the gateway may have fewer files than that, it holds fewer, and has ended the oldest for the new ones.
    const { open, ended } = await counts();
    const most = gateway.residentMb();
    const meanwhile = await acknowledged(gateway.url, key, seconds);
    const atEnd = await counts();
    console.log(
      `${wanted} silent connections opened in ${took.toFixed(1)} s, ${ended} of them ended for newer ones`,
    );
    console.log(`${open} open when the measurement began, ${atEnd.open} when it ended`);
    console.log(
      `the gateway's memory: ${before.toFixed(0)} → ${most.toFixed(0)} MB, ` +
        `${(((most - before) * 1024) / Math.max(1, open)).toFixed(1)} KB for each`,
    );
    console.log("\nsigned submissions              answered 202   others   p50 ms   p99 ms   max ms");
    for (const [name, one] of [
      ["nobody else connected", quiet],
      ["beside the silent connections", meanwhile],
    ] as const)
      console.log(
        `${name.padEnd(30)} ${String(one.accepted).padStart(13)} ${String(one.others).padStart(8)} ` +
          [one.p50, one.p99, one.max].map((ms) => ms.toFixed(1).padStart(8)).join(" "),
      );
    for (const [line] of gateway.log().matchAll(/limit of open files[^"]*/g)) console.log(`\nnote: ${line}`);
  } finally {
    await Promise.all(children.map((one) => one.stop()));
    await gateway.stop();
    await parts.stop();
  }
}

interface Acknowledged {
  readonly accepted: number;
  /** Refused, or never answered. */
  readonly others: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

async function acknowledged(
  url: string,
  key: ReturnType<typeof parseSecret>,
  seconds: number,
): Promise<Acknowledged> {
  const times: number[] = [];
  let others = 0;
  const end = performance.now() + seconds * 1_000;
  await Promise.all(
    Array.from({ length: PRODUCERS }, async () => {
      while (performance.now() < end) {
        const began = performance.now();
        const headers = signedPairs(key, randomUUID(), lead);
        const { status } = await sendPlainly(url, { headers, body: [lead] }).catch(() => ({ status: 0 }));
        if (status === 202) times.push(performance.now() - began);
        else others += 1;
        await pause(5);
      }
    }),
  );
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  return { accepted: times.length, others, p50: at(0.5), p99: at(0.99), max: at(1) };
}
