// How fast a submission is acknowledged: Switchyard's gateway beside a bare Fastify, and beside BullMQ on Redis.
import { newSecret } from "#platform/webhooks.ts";
import { cpuOf } from "./eventstore/measure.ts";
import { load, type Outcome } from "./intake/load.ts";
import { bareFastify, queueOnRedis, switchyard, type Target } from "./intake/targets.ts";

const ROUNDS = 3;
const SECONDS = 6;
/** Until the compiler has seen what is hot. */
const WARM_UP_SECONDS = 6;
const CONNECTIONS = 100;
const OVERLOAD = 5;

interface Measured extends Outcome {
  /** CPU seconds that the target's own processes took for a thousand that it accepted. */
  readonly cpuPerThousand: number;
}

export async function run(): Promise<void> {
  const secret = newSecret();
  const start = [bareFastify, () => queueOnRedis(secret), () => switchyard(secret)];
  const results = new Map<string, Measured[]>();
  let overloaded: Outcome | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    // One after the other, and again: what else the machine does then hits them alike.
    for (const each of start) {
      const target = await each();
      await load({ url: target.url, secret, connections: CONNECTIONS, forSeconds: WARM_UP_SECONDS });
      results.set(target.name, [
        ...(results.get(target.name) ?? []),
        await measured(target, secret, CONNECTIONS),
      ]);
      if (each === start.at(-1) && round === ROUNDS - 1)
        overloaded = await measured(target, secret, CONNECTIONS * OVERLOAD);
      await target.stop();
    }
  }
  print(results, overloaded);
}

async function measured(target: Target, secret: string, connections: number): Promise<Measured> {
  const before = cpuSeconds(target);
  const outcome = await load({ url: target.url, secret, connections, forSeconds: SECONDS });
  return { ...outcome, cpuPerThousand: ((cpuSeconds(target) - before) * 1000) / outcome.accepted };
}

const cpuSeconds = ({ pids }: Target): number => pids.reduce((sum, pid) => sum + cpuOf(pid).server, 0);

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function print(results: ReadonlyMap<string, readonly Measured[]>, overloaded: Outcome | undefined): void {
  console.log(
    `${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s each; medians, and the worst of all for max\n`,
  );
  console.log("                           accepted/s   p50 ms   p99 ms   max ms   CPU s/1,000");
  const rates = new Map<string, number>();
  for (const [name, all] of results) {
    const of = (figure: keyof Measured): number => median(all.map((one) => one[figure]));
    rates.set(name, of("acceptedPerSecond"));
    const max = Math.max(...all.map((one) => one.max));
    const cells = [of("acceptedPerSecond").toFixed(0).padStart(10), of("p50").toFixed(1).padStart(8)];
    cells.push(
      of("p99").toFixed(1).padStart(8),
      max.toFixed(1).padStart(8),
      of("cpuPerThousand").toFixed(2).padStart(13),
    );
    console.log(`${name.padEnd(26)} ${cells.join(" ")}`);
  }
  console.log("wanted of Switchyard's        ≥ 4,000             < 50    < 150");
  const [bare = Number.NaN, queue = Number.NaN, ours = Number.NaN] = rates.values();
  console.log(`\nSwitchyard's gateway accepts ${(ours / queue).toFixed(2)} × what the queue on Redis does,`);
  console.log(`and ${(ours / bare).toFixed(2)} × what a Fastify does that checks and keeps nothing.`);
  if (overloaded === undefined) return;
  const { acceptedPerSecond, answeredPerSecond, shed, failed, p99, max } = overloaded;
  console.log(
    `\nAt ${OVERLOAD} × the connections: ${acceptedPerSecond.toFixed(0)} accepted of ${answeredPerSecond.toFixed(0)} answered a second,`,
  );
  console.log(
    `${shed} told to come again, ${failed} failed; p99 of the accepted ${p99.toFixed(1)} ms (wanted: < 150), max ${max.toFixed(1)} ms.`,
  );
}
