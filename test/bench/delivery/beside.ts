// Four partners that are well beside a fifth that is not: what reaches them, how fast, and how late, as against a fifth that is well.
import type { PartnerId } from "#domain/ids.ts";
import { median } from "../eventstore/measure.ts";
import type { Arrived } from "./partners.ts";
import { haveArrived, type Stage } from "./stage.ts";

export interface BesideOptions {
  /** For each partner, all at once. */
  readonly burst: number;
  /** For each partner, evenly. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly rounds: number;
}

const HEALTHY = ["one", "two", "three", "four"];
const otherwise = "hold";
const FIFTH: Readonly<Record<string, object>> = {
  well: {},
  hanging: { circuit: { failure_threshold: 1_000, open_ms: 1_000 } },
  down: { delivery: { type: "http", url: "http://127.0.0.1:1/down" } },
  limited: { limits: { concurrency: 64, per_second: 10 } },
  capped: { caps: { total: 10, otherwise } },
  duplicates: { dedupe: { fields: ["same"] } },
};

interface Measured {
  readonly burst: Arrived;
  readonly paced: Arrived;
}

/** Each fifth one has its turn right after one that is well, so that what the machine does meanwhile happens to both. */
export async function beside(stage: Stage, options: BesideOptions): Promise<void> {
  const four = await Promise.all(HEALTHY.map((id) => stage.configure(id)));
  const fifths = new Map<string, PartnerId>();
  for (const [id, settings] of Object.entries(FIFTH)) fifths.set(id, await stage.configure(id, settings));
  await stage.owned([...four, ...fifths.values()]);
  await measure(stage, four, fifths.get("well") as PartnerId, options);
  console.log("the four beside a fifth that is …     throughput  p99 of those that come evenly");
  for (const [id, fifth] of fifths) {
    if (id === "well") continue;
    const ratios: number[] = [];
    const later: number[] = [];
    const told: string[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const well = await measure(stage, four, fifths.get("well") as PartnerId, options);
      const ill = await measure(stage, four, fifth, options);
      ratios.push(ill.burst.perSecond / well.burst.perSecond);
      later.push(ill.paced.p99 - well.paced.p99);
      told.push(
        `${ill.burst.perSecond.toFixed(0)}/s as against ${well.burst.perSecond.toFixed(0)}/s, ` +
          `${ill.paced.p99} ms as against ${well.paced.p99} ms`,
      );
    }
    console.log(
      `  ${id.padEnd(34)} ${median(ratios).toFixed(3).padStart(10)}  ${median(later) >= 0 ? "+" : ""}${median(later)} ms`,
    );
    for (const line of told) console.log(`    ${line}`);
    // What it left waiting must not go on beside the next one.
    await stage.yard.tell(fifth, "PartnerRemoved", "dead_letter");
    await stage.empty([fifth]).catch(() => undefined);
  }
}

async function measure(
  stage: Stage,
  four: readonly PartnerId[],
  fifth: PartnerId,
  { burst, perSecond, seconds }: BesideOptions,
): Promise<Measured> {
  const all = [...four, fifth];
  for (const partner of all) await stage.yard.tell(partner, "PartnerPaused");
  await stage.route(all, burst);
  await stage.partners.call("reset");
  for (const partner of all) await stage.yard.tell(partner, "PartnerResumed");
  await haveArrived(stage, four, burst * four.length);
  const together = await stage.partners.call("arrived", four);
  await stage.empty(four);
  await stage.partners.call("reset");
  const each = perSecond * seconds;
  await stage.route(all, each, perSecond);
  await haveArrived(stage, four, each * four.length);
  return { burst: together, paced: await stage.partners.call("arrived", four) };
}
