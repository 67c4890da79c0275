// From `kill -9` of the process that does most of the work until the next submission is delivered.

import type { Bench } from "../pipeline/bench.ts";
import { now } from "../pipeline/clock.ts";
import { delivered } from "../pipeline/round.ts";
import type { RunningYard } from "../pipeline/yard.ts";

/** The worker; on a machine with many cores, where each role is apart, the lead actors. */
const VICTIMS = [/^services\/main\.ts \(.* more\)$/, /^services\/main\.ts \(leads\)$/];

/** Seconds. The submission with this serial number is sent at the moment of the kill. */
export async function takeover(yard: RunningYard, bench: Bench, serial: number): Promise<number> {
  const trees = yard.processTrees();
  const victim = VICTIMS.map((name) => trees.find((tree) => name.test(tree.name))).find(Boolean);
  if (victim === undefined)
    throw new Error(`there is no worker among ${trees.map(({ name }) => name).join(", ")}`);
  const killedAt = now();
  process.kill(victim.pid, "SIGKILL");
  const { accepted } = await bench.generator.call("load", {
    ...{ url: yard.url, secret: bench.secret },
    ...{ from: serial, many: 1, connections: 1 },
  });
  if (accepted[0] !== 1) throw new Error(`submission ${serial} was not accepted while the worker was down`);
  return ((await delivered(bench, accepted, serial)) - killedAt) / 1_000;
}
