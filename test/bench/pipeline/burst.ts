// Bursts: many submissions at the same moment over as many connections, cold (right after a start) and warm.
import { type Bench, startSystem } from "./bench.ts";
import type { BurstResult } from "./burst-load.ts";
import type { Options } from "./options.ts";
import { fixed, table, whole } from "./report.ts";
import { check, delivered, isExact, measure, WARM_UP } from "./round.ts";
import type { RunningSystem, SystemName } from "./system.ts";
import type { RunningYard } from "./yard.ts";

const SIZES = [100, 500, 2_000, 5_000];
/** Up to this size, all must be accepted within this time; beyond it, no connection may be dropped. */
const ALL_ACCEPTED = 2_000;
const LAST_MS = 2_000;

interface Burst extends BurstResult {
  readonly size: number;
  readonly when: string;
}

/** False if something was lost or doubled. */
export async function burst(bench: Bench, options: Options): Promise<boolean> {
  let isGood = true;
  for (const name of options.systems) isGood = (await burstsOn(name, bench, options)) && isGood;
  return isGood;
}

async function burstsOn(name: SystemName, bench: Bench, options: Options): Promise<boolean> {
  const system = await startSystem(name, bench, options);
  const bursts: Burst[] = [];
  let isGood = true;
  let from = 0;

  async function send(when: string, size: number, connectBefore: boolean): Promise<void> {
    const params = { url: system.url, secret: bench.secret, from, many: size, connectBefore };
    const result = await bench.generator.call("burst", params);
    bursts.push({ ...result, size, when });
    await delivered(bench, result.accepted, from);
    await system.readModels?.caughtUp(0);
    isGood &&= isExact(await check(system, bench, result.accepted, from));
    from += size;
  }

  try {
    for (const size of SIZES) {
      // On the same data, so that partners and rules are configured already when the yard says that it is ready.
      if (canRestart(system)) await system.restart();
      await send(canRestart(system) ? "cold" : "first", size, false);
    }
    await measure(system, bench, { from, many: WARM_UP, connections: options.connections });
    from += WARM_UP;
    for (const size of SIZES) await send("warm", size, false);
    for (const size of SIZES) await send("warm, connected before", size, true);
  } finally {
    await system.stop();
  }
  print(name, bursts, isGood);
  return isGood;
}

const canRestart = (system: RunningSystem): system is RunningYard => "restart" in system;

function print(name: SystemName, bursts: readonly Burst[], isGood: boolean): void {
  const rows = bursts.map((one) => {
    const { when, size, byStatus, dropped, p50, p99, last } = one;
    const { 202: accepted = 0, 503: refused = 0, ...others } = byStatus;
    const other = Object.entries(others).map(([status, times]) => `${times} × ${status}`);
    return [
      when,
      ...[size, accepted, refused].map(whole),
      other.join(", ") || "0",
      whole(dropped),
      ...[p50, p99, last].map((ms) => fixed(ms, 0)),
      name === "yard" ? targetOf(one) : "",
    ];
  });
  const heading = ["", "at once", "202", "503", "other", "dropped", "p50 ms", "p99 ms", "last ms", "target"];
  console.log(`\n${name}: each submission over a connection of its own, times since the burst began\n`);
  console.log(table([heading, ...rows]));
  console.log(isGood ? "\nnone lost or doubled" : "\nLOST OR DOUBLED");
}

function targetOf({ size, byStatus, dropped, last }: Burst): string {
  if (size > ALL_ACCEPTED) return `none dropped: ${dropped === 0 ? "met" : "MISSED"}`;
  const isMet = byStatus[202] === size && last <= LAST_MS;
  return `all 202 in ${LAST_MS} ms: ${isMet ? "met" : "MISSED"}`;
}
