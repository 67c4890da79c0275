// npm run simulate [-- --seeds N --from N --seed N --jobs N]: many seeds, each a yard of its own in simulated time. With --seed one of them,
// told event by event. --without givenBack,stopped leaves out faults. --plant no_fencing or forgotten_appends makes the log wrong on purpose.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseOrExplain } from "../harness/usage.ts";
import { simulateTime } from "./clock.ts";
import type { Planted } from "./event-store.ts";
import type { Faults } from "./network.ts";

const USAGE = `usage: npm run simulate -- [options]
  --seeds N       how many (1000)
  --from N        the first of them (1)
  --seed N        this one alone, told event by event
  --jobs N        processes at once (a core each)
  --plant FAULT   no_fencing or forgotten_appends: makes the log wrong on purpose`;
const { values: flags } = parseOrExplain(USAGE, {
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    jobs: { type: "string", default: `${availableParallelism()}` },
    /** Of a child: every `step`-th seed. */
    step: { type: "string", default: "1" },
    plant: { type: "string" },
    without: { type: "string", default: "" },
    child: { type: "boolean", default: false },
  },
});
/** Of a child, so that a run that is ended early says how far it came. */
const TOLD_EVERY = 500;
/** By a clock that the simulation leaves alone. */
const secondsSince = (began: bigint): string => (Number(process.hrtime.bigint() - began) / 1e9).toFixed(1);
const planted = flags.plant as Planted | undefined;
const without = flags.without.split(",").filter(Boolean) as (keyof Faults)[];
const [seeds, from, jobs, step] = [flags.seeds, flags.from, flags.jobs, flags.step].map(Number) as [
  number,
  number,
  number,
  number,
];

if (flags.seed !== undefined) process.exit(await runOne(Number(flags.seed)));
else if (flags.child) process.exit(await runSome());
else process.exit(await runAll());

async function runOne(seed: number): Promise<number> {
  simulateTime();
  const { simulate } = await import("./simulate.ts");
  const { violations, events, digest } = await simulate(seed, {
    planted,
    without,
    tell: (line) => console.log(line),
  });
  for (const one of violations) console.log(`broken: ${one}`);
  console.log(`seed ${seed}: ${events} events, ${violations.length} promises broken, digest ${digest}`);
  return violations.length === 0 ? 0 : 1;
}

async function runSome(): Promise<number> {
  const began = process.hrtime.bigint();
  simulateTime();
  const { simulate } = await import("./simulate.ts");
  let failed = 0;
  let played = 0;
  for (let seed = from; seed < from + seeds; seed += step) {
    const { violations } = await simulate(seed, { planted, without });
    played += 1;
    if (played % TOLD_EVERY === 0) console.log(`${played} seeds up to ${seed} in ${secondsSince(began)} s`);
    if (violations.length === 0) continue;
    failed += 1;
    console.log(`FAIL seed ${seed}: ${violations.slice(0, 3).join("; ")}`);
  }
  return failed === 0 ? 0 : 1;
}

async function runAll(): Promise<number> {
  const began = process.hrtime.bigint();
  const codes = await Promise.all(
    Array.from({ length: jobs }, async (_, n) => {
      const given = ["--child", "--from", `${from + n}`, "--seeds", `${seeds - n}`, "--step", `${jobs}`];
      if (planted !== undefined) given.push("--plant", planted);
      if (flags.without !== "") given.push("--without", flags.without);
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", import.meta.filename, ...given],
        {
          stdio: ["ignore", "inherit", "inherit"],
        },
      );
      const [code] = (await once(child, "exit")) as [number | null];
      return code;
    }),
  );
  const isGood = codes.every((code) => code === 0);
  console.log(`${isGood ? "ok  " : "FAIL"} ${seeds} seeds from ${from} in ${secondsSince(began)} s`);
  if (!isGood) console.log("one of them again, event by event: npm run simulate -- --seed N");
  return isGood ? 0 : 1;
}
