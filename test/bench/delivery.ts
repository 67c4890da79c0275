// What the stage that delivers does by itself: how fast, how little one partner is to the others, how it opens, and what it keeps.
import { parseArgs } from "node:util";
import { beside } from "./delivery/beside.ts";
import { heldDeliveries, manyPartners } from "./delivery/memory.ts";
import { haveArrived, type Stage, startStage } from "./delivery/stage.ts";
import { takeover } from "./delivery/takeover.ts";
import { median } from "./eventstore/measure.ts";

const USAGE = `options of delivery; without one: healthy partners, those beside others, and what is held
  --n N         deliveries to each of four healthy partners, all at once (5000)
  --rounds N    rounds (3)
  --healthy     only healthy partners
  --held N      only so many that are held
  --life N      only a partner with so many past deliveries: what a takeover takes
  --partners N  only so many partners in one process: what they cost`;

const TARGET = 5_000;
const HELD = 100_000;

export async function run(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      n: { type: "string", default: "5000" },
      rounds: { type: "string", default: "3" },
      healthy: { type: "boolean", default: false },
      held: { type: "string" },
      life: { type: "string" },
      partners: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [each, rounds] = [Number(values.n), Number(values.rounds)];
  if (values.help) return console.log(USAGE);
  if (values.life !== undefined) return takeover(Number(values.life));
  if (values.partners !== undefined) return manyPartners(Number(values.partners));
  if (values.held !== undefined) return heldDeliveries(Number(values.held));
  await withStage((stage) => healthy(stage, each, rounds));
  if (values.healthy) return;
  await withStage(async (stage) => {
    await stage.startWorker();
    await beside(stage, { burst: Math.ceil(each / 4), perSecond: 100, seconds: 5, rounds });
  });
  await heldDeliveries(HELD);
}

async function withStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await startStage();
  await work(stage).finally(() => stage.stop());
}

/** All waits in their mailboxes until they are resumed; the first round is none, until the compiler has seen what is hot. */
async function healthy(stage: Stage, each: number, rounds: number): Promise<void> {
  const ids = ["one", "two", "three", "four"];
  const partners = await Promise.all(ids.map((id) => stage.configure(id)));
  await stage.startWorker();
  await stage.owned(partners);
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const partner of partners) await stage.yard.tell(partner, "PartnerPaused");
    await stage.route(partners, each);
    await stage.partners.call("reset");
    for (const partner of partners) await stage.yard.tell(partner, "PartnerResumed");
    await haveArrived(stage, ids, each * ids.length);
    const { perSecond } = await stage.partners.call("arrived", ids);
    await stage.empty(partners);
    if (round > 0) rates.push(perSecond);
    console.log(`${round === 0 ? "warm-up" : "a round"}: ${perSecond.toFixed(0)} deliveries/s`);
  }
  console.log(
    `four healthy partners: ${median(rates).toFixed(0)} deliveries/s (target ${TARGET.toLocaleString("en")}: ${(median(rates) / TARGET).toFixed(2)} ×)`,
  );
}
