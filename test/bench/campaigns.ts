// A campaign's 50,000 members: how fast they are created and go through one send, beside job queues that do the same.
import { parseArgs } from "node:util";
import { compare } from "./campaigns/compare.ts";
import { SYSTEMS, type SystemName } from "./campaigns/system.ts";

const USAGE = `options of campaigns:
  --members N    of each round (50000)
  --rounds N     rounds (3)
  --warm-up N    members before each round (2000)
  --profile      CPU profiles of the yard's processes; one round, unless told
  --only NAME,…  some of ${SYSTEMS.join(", ")}`;

export async function run(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      members: { type: "string", default: "50000" },
      rounds: { type: "string" },
      "warm-up": { type: "string", default: "2000" },
      only: { type: "string" },
      profile: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const { profile: withProfile, only, rounds = withProfile ? "1" : "3" } = values;
  const isGood = await compare({
    members: Number(values.members),
    rounds: Number(rounds),
    warmUp: Number(values["warm-up"]),
    systems: only?.split(",").map(systemNamed) ?? (withProfile ? ["yard"] : SYSTEMS),
    withProfile,
  });
  if (!isGood) process.exitCode = 1;
}

function systemNamed(name: string): SystemName {
  const found = SYSTEMS.find((one) => one === name);
  if (found === undefined) throw new Error(`--only ${name} is not known; choose from ${SYSTEMS.join(", ")}`);
  return found;
}
