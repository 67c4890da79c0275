// What arrived at the partners: the simulator's record of effects, beside what was acknowledged.
import { setTimeout as pause } from "node:timers/promises";
import type { PartnerId, SubmissionId } from "#domain/ids.ts";
import { deliveryIdsOf } from "../../services/leads/leads.ts";
import { call } from "./yard.ts";

/** What the simulator knows of one delivery. */
export interface Delivery {
  readonly id: string;
  readonly requests: number;
  readonly effects: number;
}

/** By partner. */
export type Deliveries = ReadonlyMap<string, readonly Delivery[]>;

export interface Arrivals {
  /** Acknowledged submissions with exactly one effect. */
  readonly once: number;
  /** Acknowledged ones without an effect. */
  readonly lost: readonly string[];
  /** Acknowledged ones with several. */
  readonly doubled: readonly string[];
  /** Of those with exactly one effect, the ones that took several requests. */
  readonly retried: number;
  /** Requests beyond the first ones. */
  readonly retries: number;
  /** Deliveries with an effect whose submission nobody saw acknowledged, as where a client gave up. */
  readonly unacknowledged: number;
}

const POLL_MS = 500;
const NO_PROGRESS_MS = 60_000;
const MAX_ENTRIES = 100_000;
/** The demo's rules have no waterfall, so a submission has one leg. */
const LEG = 1;

/** Waits until every acknowledged submission has had its effect, or nothing moves any more. */
export async function arrivalsAt(
  simulatorUrl: string,
  acknowledged: readonly string[],
  noProgressMs = NO_PROGRESS_MS,
): Promise<Arrivals> {
  let [most, movedAt] = [-1, performance.now()];
  for (;;) {
    const effects = await effectsAt(simulatorUrl);
    if (effects > most) [most, movedAt] = [effects, performance.now()];
    const isOver = performance.now() - movedAt > noProgressMs;
    if (effects >= acknowledged.length || isOver) {
      const arrivals = compare(acknowledged, await deliveriesAt(simulatorUrl));
      if (arrivals.lost.length === 0 || isOver) return arrivals;
    }
    await pause(POLL_MS);
  }
}

function compare(acknowledged: readonly string[], deliveries: Deliveries): Arrivals {
  const byId = new Map([...deliveries.values()].flat().map((delivery) => [delivery.id, delivery]));
  const [lost, doubled]: [string[], string[]] = [[], []];
  let [once, retried, retries] = [0, 0, 0];
  for (const submission of acknowledged) {
    const idAt = deliveryIdsOf(submission as SubmissionId);
    const found = [...deliveries.keys()].flatMap((partner) => {
      const id = idAt(partner as PartnerId, LEG);
      const delivery = byId.get(id);
      byId.delete(id);
      return delivery ?? [];
    });
    const effects = sum(found.map((one) => one.effects));
    const repeats = sum(found.map((one) => one.requests - 1));
    retries += repeats;
    if (effects === 0) lost.push(submission);
    else if (effects > 1) doubled.push(submission);
    else {
      once += 1;
      if (repeats > 0) retried += 1;
    }
  }
  const unacknowledged = [...byId.values()].filter(({ effects }) => effects > 0).length;
  return { once, lost, doubled, retried, retries, unacknowledged };
}

interface Totals {
  readonly name: string;
  readonly ids: number;
  readonly effects: number;
}

async function totalsAt(simulatorUrl: string): Promise<readonly Totals[]> {
  return (await call<{ items: readonly Totals[] }>("GET", `${simulatorUrl}/partners`)).items;
}

const effectsAt = async (simulatorUrl: string): Promise<number> =>
  sum((await totalsAt(simulatorUrl)).map(({ effects }) => effects));

async function deliveriesAt(simulatorUrl: string): Promise<Deliveries> {
  const deliveries = new Map<string, readonly Delivery[]>();
  for (const { name } of await totalsAt(simulatorUrl)) {
    const { ids, items } = await call<{ ids: number; items: readonly Delivery[] }>(
      "GET",
      `${simulatorUrl}/partners/${name}/effects?limit=${MAX_ENTRIES}`,
    );
    if (items.length < ids)
      throw new Error(
        `The simulator names only ${items.length} of the ${ids} deliveries to ${name}, so nobody can say that each had one effect. Make the run shorter: --duration 60s`,
      );
    deliveries.set(name, items);
  }
  return deliveries;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
