// One round: traffic, blows on their schedule, healing, and then every promise looked at.
import { setTimeout as pause } from "node:timers/promises";
import type { LeadView } from "../e2e/client.ts";
import { watchOthers } from "../harness/foreign-load.ts";
import { watchMachine } from "../harness/machine-stall.ts";
import { untilInOwnTime } from "../harness/own-time.ts";
import { randomFrom } from "../harness/random.ts";
import { blowsOn } from "./blows.ts";
import { runCampaign } from "./campaign.ts";
import { campaignViolations, endOf } from "./campaign-invariants.ts";
import { violationsOf } from "./history.ts";
import {
  attemptViolations,
  capViolations,
  countedBy,
  decisionViolations,
  deliveriesOf,
  effectsOf,
  effectViolations,
  submissionViolations,
} from "./invariants.ts";
import { type Blow, described } from "./plan.ts";
import { startTraffic, type Taken } from "./traffic.ts";
import { type ChaosYard, PARTNER_NAMES } from "./yard.ts";

export interface RoundReport {
  readonly violations: readonly string[];
  readonly timeline: readonly string[];
  readonly taken: number;
  /** By status. */
  readonly ended: Readonly<Record<string, number>>;
  /** From the last healing until the first submission after it was delivered. */
  readonly progressMs: number;
  /** Of the campaign that ran, by how they ended. */
  readonly members: Readonly<Record<string, number>>;
  /** Seconds of each part of the round. */
  readonly phases: Readonly<Record<string, number>>;
}

const PROGRESS_MS = 20_000;
const LOOK_MS = 200;
/** For what has to come sooner or later: a slow machine may take long. */
export const PATIENCE_MS = 90_000;
const DECISIONS = 20;
const TRAFFIC_BEFORE_MS = 500;
/** Its partner is healthy, and no blow touches its way for long. */
const PROBE = "other";
const ENDS = ["delivered", "duplicate", "rejected", "unrouted", "dead_lettered"];

let rounds = 0;

/** `say` is told in short what happens, as it does. */
export async function playRound(
  yard: ChaosYard,
  blows: readonly Blow[],
  seed: number,
  say: (line: string) => void = () => undefined,
): Promise<RoundReport> {
  const begin = performance.now();
  const timeline: string[] = [];
  const violations: string[] = [];
  const tell = (what: string): void =>
    void timeline.push(`${String(Math.round(performance.now() - begin)).padStart(6)} ms  ${what}`);
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      tell(`${what}: ${(error as Error).message}`);
      violations.push(`${what}: ${(error as Error).message}`);
    }
  };
  const phases: Record<string, number> = {};
  let phaseBegan = begin;
  const phaseEnds = (name: string): void => {
    const now = performance.now();
    phases[name] = Math.round((now - phaseBegan) / 100) / 10;
    phaseBegan = now;
  };
  const machine = watchMachine();
  // No two rounds of a yard share keys or persons, also when one is played again.
  rounds += 1;
  const traffic = startTraffic({
    clients: yard.clients,
    random: randomFrom(seed + 1),
    name: `r${seed}x${rounds}`,
  });
  const campaign = runCampaign({
    clients: yard.clients,
    random: randomFrom(seed + 2),
    id: `r${seed}x${rounds}`,
  });
  yard.incidents();
  await pause(TRAFFIC_BEFORE_MS);

  const strike = blowsOn(yard, tell);
  await Promise.all(
    blows.map(async (blow) => {
      await pause(blow.at);
      tell(`begins: ${described(blow)}`);
      say(described(blow));
      await attempt(`a blow that could not be healed (${described(blow)})`, () => strike(blow));
      tell(`healed: ${described(blow)}`);
    }),
  );
  phaseEnds("blows");
  const healed = performance.now();
  const stalledBefore = machine.total();
  const otherPrograms = watchOthers();
  tell("all is healed");
  say("all is healed; waiting until everything has ended …");
  let progressMs = Number.NaN;
  await attempt(`no progress within ${PROGRESS_MS / 1_000} s of healing`, async () => {
    const id = await traffic.submit(PROBE);
    const submittedAt = new Date().toISOString();
    // Time in which the machine itself stood still, or worked for others, is nobody's.
    const spent = (): number =>
      performance.now() - healed - (machine.total() - stalledBefore) - otherPrograms();
    while ((await leadOf(yard, id).catch(() => undefined))?.status !== "delivered") {
      if (spent() > PROGRESS_MS) {
        tell(`submitted at ${submittedAt}: ${await historyOf(yard, id)}`);
        throw new Error(`the first submission after healing, ${id}, is not shown as delivered`);
      }
      await pause(LOOK_MS);
    }
    progressMs = Math.round(performance.now() - healed);
    tell(`the first submission after healing was shown as delivered after ${progressMs} ms`);
  });
  phaseEnds("progress");
  await attempt("a producer was not served", () => traffic.stop());
  tell(`traffic ended: ${traffic.taken.size} taken, answers ${JSON.stringify(traffic.answers)}`);
  await machine.stop();

  const ended: Record<string, number> = {};
  await attempt("not everything that was answered 202 has ended", async () => {
    const statuses = await endsOf(yard, traffic.taken).catch(async (error: unknown) => {
      tell(`partners: ${await partnersNow(yard)}`);
      throw error;
    });
    for (const status of statuses.values()) ended[status] = (ended[status] ?? 0) + 1;
    await attempt("dead letters", async () =>
      violations.push(...(await deadLetterViolations(yard, statuses))),
    );
  });
  tell(`ended: ${JSON.stringify(ended)}`);
  phaseEnds("ends");
  let members: RoundReport["members"] = {};
  await attempt("the campaign", async () => {
    await campaign.begun;
    members = (await endOf(yard, campaign.id, PATIENCE_MS)).counts;
  });
  tell(`campaign ${campaign.id}: ${JSON.stringify(members)}`);
  phaseEnds("campaign");
  say("everything has ended; looking at the promises …");
  violations.push(...violationsOf(traffic.operations));
  await attempt("the log", async () => {
    const deliveries = await settledDeliveries(yard);
    const counted = await countedBy(yard);
    const effects = effectsOf(counted, deliveries);
    violations.push(
      ...attemptViolations(deliveries),
      ...effectViolations(counted, deliveries),
      ...(await campaignViolations(yard, campaign.id, deliveries, (send) => effects.get(send) ?? 0)),
      ...(await capViolations(yard, deliveries)),
      ...(await submissionViolations(yard, traffic.taken)),
      ...(await decisionViolations(yard, [...traffic.taken.keys()].slice(0, DECISIONS))),
    );
  });
  phaseEnds("promises");
  const { ended: endings, failedStarts } = yard.incidents();
  for (const one of failedStarts) tell(one);
  violations.push(...endings);
  return { violations, timeline, taken: traffic.taken.size, ended, progressMs, members, phases };
}

async function leadOf({ clients: [client] }: ChaosYard, id: string): Promise<LeadView> {
  if (client === undefined) throw new Error("the yard has no gateway");
  return client.lead(id);
}

/** What the yard says of its partners, for whoever asks why leads wait there. */
async function partnersNow({ client }: ChaosYard): Promise<string> {
  const { body } = await client.admin<{ readonly items: readonly Record<string, unknown>[] }>(
    "GET",
    "/api/partners",
  );
  const told = ["id", "circuit_state", "paused", "queue_depth", "held", "in_flight", "caps_used"];
  return JSON.stringify(body.items.map((partner) => told.map((name) => partner[name])));
}

/** What its stream and those of the partners say about it, and when. */
async function historyOf({ log }: ChaosYard, id: string): Promise<string> {
  const streams = [`submission-${id}`, ...PARTNER_NAMES.map((name) => `partner-${name}`)];
  const events = (await Promise.all(streams.map((stream) => log.readStream(stream)))).flat();
  return events
    .filter(
      ({ stream, data }) => stream.endsWith(id) || (data as { submission_id?: string }).submission_id === id,
    )
    .map(({ type, metadata }) => `${type} at ${metadata.at}`)
    .join(", ");
}

/** Waits until every one of them has ended; what waits is told. */
async function endsOf(yard: ChaosYard, taken: ReadonlyMap<string, Taken>): Promise<Map<string, string>> {
  const statuses = new Map<string, string>();
  const open = new Map<string, string>(Array.from(taken.keys(), (id) => [id, ""]));
  await untilInOwnTime(
    "all have ended",
    async () => {
      for (const id of open.keys()) {
        const lead = await leadOf(yard, id);
        statuses.set(id, lead.status);
        if (ENDS.includes(lead.status)) open.delete(id);
        else open.set(id, `${lead.status} at ${lead.partner}`);
      }
      if (open.size === 0) return true;
      throw new Error(`open: ${[...open].slice(0, 5).map((one) => one.join(" "))} (${open.size})`);
    },
    PATIENCE_MS,
  );
  return statuses;
}

/** An attempt may just be under way. */
const settledDeliveries = (yard: ChaosYard): ReturnType<typeof deliveriesOf> =>
  untilInOwnTime(
    "no delivery is under way",
    async () => {
      const deliveries = await deliveriesOf(yard);
      const isOpen = [...deliveries.values()].some(({ events }) => events.at(-1) === "DeliveryStarted");
      return !isOpen && deliveries;
    },
    PATIENCE_MS,
  );

/** Their read model may be behind the one of leads: its owner may have changed a moment ago. */
async function deadLetterViolations(
  yard: ChaosYard,
  statuses: ReadonlyMap<string, string>,
): Promise<string[]> {
  const dead = [...statuses].filter(([, status]) => status === "dead_lettered").map(([id]) => id);
  let missing = dead;
  const allAreShown = async (): Promise<boolean> => {
    const shown = await allDeadLetters(yard);
    missing = dead.filter((id) => !shown.has(id));
    return missing.length === 0;
  };
  await untilInOwnTime("every dead letter is shown", allAreShown, PATIENCE_MS).catch(() => undefined);
  return missing.map((id) => `${id} is dead-lettered and no dead letter is shown`);
}

async function allDeadLetters(yard: ChaosYard): Promise<Set<string>> {
  const found = new Set<string>();
  let cursor = "";
  do {
    const { body } = await yard.client.admin<{ items: { lead_id?: string }[]; next_cursor?: string }>(
      "GET",
      `/api/dlq?limit=200${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    for (const { lead_id } of body.items) if (lead_id !== undefined) found.add(lead_id);
    cursor = body.next_cursor ?? "";
  } while (cursor !== "");
  return found;
}
