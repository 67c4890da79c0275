// npm run alerts [-- alert…]: causes the alerts in a yard of its own, and waits until a real Prometheus fires them by the committed rules. What
// the rules call a minute takes a second here. With SHORT set, only those that partners cause.
import { startWatchedYard, type WatchedYard } from "../../deploy/prometheus/fixtures/watched-yard.ts";
import { until } from "../harness/wait.ts";
import type { Cause } from "./cause.ts";
import { CAUSES } from "./causes.ts";

const MINUTE_MS = 1_000;
const FIRES_WITHIN_MS = 90_000;
const QUIET_WITHIN_MS = 60_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const names = process.argv.slice(2);
const known = CAUSES.flat().flatMap(({ alerts }) => alerts);
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no alert ${unknown.join(" or ")}. The alerts: ${known.join(", ")}`);
  process.exit(2);
}
const isWanted = ({ alerts }: Cause): boolean =>
  names.length === 0 || alerts.some((one) => names.includes(one));
const groups = (process.env.SHORT ? CAUSES.slice(0, 1) : CAUSES)
  .map((group) => group.filter(isWanted))
  .filter((group) => group.length > 0);

const yard = await startWatchedYard({ minuteMs: MINUTE_MS });
let failed = 0;
for (const group of groups) await Promise.all(group.map(tryCause));
await yard.stop();
console.log(failed === 0 ? "\nEvery alert that was caused has fired" : `\n${failed} alerts have not fired`);
process.exit(failed === 0 ? 0 : 1);

async function tryCause(cause: Cause): Promise<void> {
  // What an earlier cause left behind must not count for this one.
  for (const alert of cause.alerts)
    await until(
      `${alert} is quiet before it is caused`,
      async () => !(await isFiring(yard, alert)),
      QUIET_WITHIN_MS,
    );
  const began = performance.now();
  const over = new AbortController();
  const bringing = cause.bring(yard, over.signal);
  const firing = cause.alerts.map(async (alert) => {
    try {
      await until(`${alert} fires`, () => isFiring(yard, alert), FIRES_WITHIN_MS);
      const seconds = ((performance.now() - began) / 1_000).toFixed(0);
      console.log(`ok   ${alert} fires after ${seconds} s: ${cause.what}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${alert}: ${cause.what}: ${error instanceof Error ? error.message : error}`);
    }
  });
  await Promise.race([Promise.all(firing), bringing.then(() => Promise.all(firing))]);
  over.abort();
  await bringing;
}

async function isFiring({ prometheus }: WatchedYard, alert: string): Promise<boolean> {
  return (await prometheus.rules()).some(({ name, state }) => name === alert && state === "firing");
}
