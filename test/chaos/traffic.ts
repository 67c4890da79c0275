// Producers that submit as the contract tells them to while the yard is struck: the same key again until it is taken. Some keys are
// fought over, by several producers at once and with several bodies. Every operation is kept for history.ts.
import { setTimeout as pause } from "node:timers/promises";
import type { YardClient } from "../e2e/client.ts";
import type { Random } from "../harness/random.ts";
import type { Operation } from "./history.ts";
import { INTERESTS } from "./yard.ts";

export interface Taken {
  readonly id: string;
  readonly person: string;
  readonly interest: string;
}

export interface Traffic {
  /** What was answered 202, by id. */
  readonly taken: ReadonlyMap<string, Taken>;
  readonly operations: readonly Operation[];
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>;
  /** One submission of this interest, taken at last. */
  submit(interest: string): Promise<string>;
  /** Ends when what was begun is taken. */
  stop(): Promise<void>;
}

interface TrafficOptions {
  readonly clients: readonly YardClient[];
  readonly random: Random;
  /** Tells its persons and keys from those of others. */
  readonly name: string;
}

const PRODUCERS = 6;
const PERSONS = 12;
const CONTENDED = 0.15;
const BETWEEN_MS = 250;
/** After that a producer gives up, and the round has failed. */
const MAX_MS = 90_000;

export function startTraffic({ clients, random, name }: TrafficOptions): Traffic {
  const taken = new Map<string, Taken>();
  const operations: Operation[] = [];
  const answers: Record<string, number> = {};
  let stopped = false;
  let count = 0;
  let turn = 0;

  /** Two of its three details never change, so it is one person whoever sees it first. */
  const bodyOf = (person: string, interest: string): Record<string, string> => ({
    email: `${person}@example.com`,
    phone: `+4930${phoneOf(person)}`,
    full_name: `Grace ${random.pick(["Hopper", "Murray", person])}`,
    interest,
  });

  async function attempt(
    key: string,
    person: string,
    body: Record<string, string>,
  ): Promise<string | undefined> {
    const operation = { key, body: JSON.stringify(body), startedAt: performance.now() };
    const keep = (answer: Operation["answer"], endedAt = performance.now()): void =>
      void operations.push({ ...operation, endedAt, answer });
    const client = clients[turn++ % clients.length];
    try {
      const { status, body: said } = (await client?.submit(body, { key })) ?? { status: 0, body: undefined };
      answers[status] = (answers[status] ?? 0) + 1;
      if (status === 202 && said !== undefined) {
        keep({ kind: "taken", id: said.id, isRepeat: said.duplicate === true });
        taken.set(said.id, { id: said.id, person, interest: body.interest ?? "" });
        return said.id;
      }
      if (status === 422) {
        keep({ kind: "other_body" });
        return "refused";
      }
      if (![409, 429, 503].includes(status))
        throw new Error(`submitting gave ${status}: ${JSON.stringify(said)}`);
      keep({ kind: "unknown" }, Number.POSITIVE_INFINITY);
      return undefined;
    } catch (error) {
      keep({ kind: "unknown" }, Number.POSITIVE_INFINITY);
      if (!(error instanceof TypeError) && !(error as Error).message.startsWith("fetch")) throw error;
      answers.none = (answers.none ?? 0) + 1;
      return undefined;
    }
  }

  async function insist(key: string, person: string, body: Record<string, string>): Promise<string> {
    const end = performance.now() + MAX_MS;
    for (;;) {
      const answer = await attempt(key, person, body);
      if (answer !== undefined) return answer;
      if (performance.now() > end) throw new Error(`${key} was not taken within ${MAX_MS} ms`);
      await pause(100);
    }
  }

  async function submitOne(interest: string): Promise<string> {
    const key = `${name}-${count++}`;
    const person = `${name}-p${random.between(1, PERSONS)}`;
    const body = bodyOf(person, interest);
    if (random.next() >= CONTENDED) return insist(key, person, body);
    const other = { ...body, full_name: "Somebody Else" };
    const [id = ""] = await Promise.all([body, body, other].map((one) => insist(key, person, one)));
    return id;
  }

  async function producer(): Promise<void> {
    while (!stopped) {
      await submitOne(random.pick(INTERESTS));
      await pause(random.between(0, BETWEEN_MS * 2));
    }
  }

  const producing = Promise.all(Array.from({ length: PRODUCERS }, producer));
  producing.catch(() => undefined);
  return {
    taken,
    operations,
    answers,
    submit: (interest) => {
      const person = `${name}-p${random.between(1, PERSONS)}`;
      return insist(`${name}-${count++}`, person, bodyOf(person, interest));
    },
    async stop() {
      stopped = true;
      await producing;
    },
  };
}

/** Seven digits, another for each person. */
function phoneOf(person: string): string {
  let hash = 7;
  for (const letter of person) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  return `${2_000_000 + (hash % 7_000_000)}`;
}
