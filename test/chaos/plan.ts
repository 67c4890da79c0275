// What is done to the yard in one round: a schedule that follows from the seed alone.
import { type Random, randomFrom } from "../harness/random.ts";

/** The parts that a process needs, each behind a proxy of its own for each process. */
export const PARTS = ["nats", "eventstore", "postgres"] as const;
export type Part = (typeof PARTS)[number];

export const MODELS = [
  "leads",
  "identities",
  "metrics",
  "partners",
  "dead_letters",
  "timers",
  "unfinished",
] as const;
const OUTAGES = [
  { behaviour: "failing", rate: 1 },
  { behaviour: "failing", rate: 0.5, status: 500 },
  { behaviour: "hanging" },
  { behaviour: "reset_after_processing", times: 1 },
  { behaviour: "malformed" },
  { behaviour: "rate_limited", per_second: 5, retry_after_s: 1 },
] as const;
const CHANGES = ["rules", "paused", "narrow", "disabled"] as const;

export type Action =
  | { readonly kind: "kill"; readonly part: string }
  | { readonly kind: "restart"; readonly part: string }
  | { readonly kind: "freeze"; readonly part: string }
  | { readonly kind: "wipe_jetstream" }
  | { readonly kind: "crash_postgres" }
  | { readonly kind: "drop_read_model"; readonly model: (typeof MODELS)[number] }
  | {
      readonly kind: "partner_outage";
      readonly partner: string;
      readonly behaviour: (typeof OUTAGES)[number];
    }
  | { readonly kind: "partition"; readonly process: string; readonly part: Part }
  | { readonly kind: "half_open"; readonly process: string; readonly part: Part }
  | { readonly kind: "clock_jump"; readonly process: string; readonly seconds: number }
  | { readonly kind: "full_disk" }
  | { readonly kind: "configure"; readonly change: (typeof CHANGES)[number]; readonly partner: string };
export type BlowKind = Action["kind"];

export interface Blow {
  /** From the beginning of the round. */
  readonly at: number;
  /** Until it is healed. */
  readonly forMs: number;
  readonly action: Action;
}

export interface PlanOptions {
  readonly seed: number;
  readonly processes: readonly string[];
  readonly partners: readonly string[];
  /** Those kinds that are left out. */
  readonly without?: ReadonlySet<BlowKind>;
  readonly maxBlows?: number;
}

/** Blows fall within this time; traffic goes on until the last one is healed. */
const BLOWS_MS = 6_000;
const MAX_FOR_MS = 6_000;
const MAX_BLOWS = 6;
/** Often what happens often. */
const KINDS: readonly BlowKind[] = [
  ...[
    "kill",
    "kill",
    "kill",
    "restart",
    "restart",
    "freeze",
    "freeze",
    "partition",
    "partition",
    "half_open",
    "half_open",
  ],
  ...["partner_outage", "partner_outage", "configure", "wipe_jetstream", "crash_postgres", "drop_read_model"],
  ...["clock_jump", "full_disk"],
] as BlowKind[];
/** Beyond the tolerance of signatures a gateway rightly refuses everybody. */
const GATEWAY_JUMPS_S = [-120, -20, 20, 120];
const JUMPS_S = [...GATEWAY_JUMPS_S, -3_600, 3_600];
/** A member waits by the clock of who owns its campaign, and rightly longer where that was set back. */
const CAMPAIGN_JUMPS_S = [-20, -10, 10, 20];

function jumpsOf(process: string): readonly number[] {
  if (process.startsWith("gateway")) return GATEWAY_JUMPS_S;
  return process.startsWith("campaigns") ? CAMPAIGN_JUMPS_S : JUMPS_S;
}

export function planRound({ seed, processes, partners, without, maxBlows = MAX_BLOWS }: PlanOptions): Blow[] {
  const random = randomFrom(seed);
  const kinds = KINDS.filter((kind) => !without?.has(kind));
  const blows = Array.from({ length: random.between(1, maxBlows) }, () => ({
    at: random.between(0, BLOWS_MS),
    forMs: random.between(200, MAX_FOR_MS),
    action: actionOf(random.pick(kinds), random, processes, partners),
  }));
  return blows.sort((one, other) => one.at - other.at);
}

function actionOf(
  kind: BlowKind,
  random: Random,
  processes: readonly string[],
  partners: readonly string[],
): Action {
  switch (kind) {
    case "kill":
    case "restart":
    case "freeze":
      return { kind, part: random.pick([...processes, "nats", "eventstore"]) };
    case "partition":
    case "half_open":
      return { kind, process: random.pick(processes), part: random.pick(PARTS) };
    case "partner_outage":
      return { kind, partner: random.pick(partners), behaviour: random.pick(OUTAGES) };
    case "drop_read_model":
      return { kind, model: random.pick(MODELS) };
    case "clock_jump": {
      const process = random.pick(processes);
      return { kind, process, seconds: random.pick(jumpsOf(process)) };
    }
    case "configure":
      return { kind, change: random.pick(CHANGES), partner: random.pick(partners) };
    case "wipe_jetstream":
    case "crash_postgres":
    case "full_disk":
      return { kind };
  }
}

export const described = ({ at, forMs, action: { kind, ...what } }: Blow): string =>
  `${String(at).padStart(5)} ms, for ${String(forMs).padStart(4)} ms: ${kind} ${JSON.stringify(what)}`;
