// Many submissions at the same moment over as many connections: right after a start, and once everything is warm.
import { type Bench, startSystem } from "./bench.ts";
import type { BurstOutcome } from "./burst-load.ts";
import { WARM_UP } from "./compare.ts";
import type { Options } from "./options.ts";
import { fixed, isWhole, rate, table } from "./report.ts";
import { count, delivered, measure } from "./round.ts";
import type { RunningSystem, SystemName } from "./system.ts";
import type { RunningYard } from "./yard.ts";

const SIZES = [100, 500, 2_000, 5_000];
const ALL_ACCEPTED = 2_000;
const LAST_WITHIN_MS = 2_000;

interface Fired extends BurstOutcome {
  readonly many: number;
  readonly when: string;
}

export async function burst(bench: Bench, options: Options): Promise<boolean> {
  let areWhole = true;
  for (const name of options.systems) areWhole = (await burstsOn(name, bench, options)) && areWhole;
  return areWhole;
}

async function burstsOn(name: SystemName, bench: Bench, { apart, connections }: Options): Promise<boolean> {
  const system = await startSystem(name, bench, { apart });
  const fired: Fired[] = [];
  let areWhole = true;
  let from = 0;

  async function fire(when: string, many: number, isConnected: boolean): Promise<void> {
    const params = { url: system.url, secret: bench.secret, from, many, isConnected };
    const outcome = await bench.generator.call("burst", params);
    fired.push({ ...outcome, many, when });
    await delivered(bench, outcome.accepted, from);
    await system.readModels?.caughtUp(0);
    areWhole &&= isWhole(await count(system, bench, outcome.accepted, from));
    from += many;
  }

  try {
    for (const many of SIZES) {
      // What is there already is the configuration alone, and what the smaller ones left.
      if (canRestart(system)) await system.restart();
      await fire(canRestart(system) ? "cold" : "first", many, false);
    }
    await measure(system, bench, { from, many: WARM_UP, connections });
    from += WARM_UP;
    for (const many of SIZES) await fire("warm", many, false);
    for (const many of SIZES) await fire("warm, connected before", many, true);
  } finally {
    await system.stop();
  }
  print(name, fired, areWhole);
  return areWhole;
}

const canRestart = (system: RunningSystem): system is RunningYard => "restart" in system;

function print(name: SystemName, fired: readonly Fired[], areWhole: boolean): void {
  console.log(
    `\n${name}: submissions at the same moment, each over a connection of its own; ms from that moment\n`,
  );
  const rows = fired.map((one) => {
    const { when, many, byStatus, dropped, p50, p99, last } = one;
    const { 202: accepted = 0, 503: refused = 0, ...others } = byStatus;
    const other = Object.entries(others).map(([status, times]) => `${times} × ${status}`);
    return [
      when,
      rate(many),
      rate(accepted),
      rate(refused),
      other.join(", ") || "0",
      rate(dropped),
      ...[p50, p99, last].map((ms) => fixed(ms, 0)),
      verdictOf(one),
    ];
  });
  console.log(
    table([["", "at once", "202", "503", "other", "dropped", "p50", "p99", "last", "wanted"], ...rows]),
  );
  console.log(areWhole ? "\nNone lost or doubled." : "\nLOST OR DOUBLED: see above.");
}

function verdictOf({ many, byStatus, dropped, last }: Fired): string {
  const isAccepted = byStatus[202] === many && last <= LAST_WITHIN_MS;
  if (many === ALL_ACCEPTED) return `all 202 within ${LAST_WITHIN_MS} ms: ${isAccepted ? "met" : "missed"}`;
  if (many > ALL_ACCEPTED) return `none dropped: ${dropped === 0 ? "met" : "missed"}`;
  return "";
}
