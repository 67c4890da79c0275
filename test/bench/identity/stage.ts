// From the mailbox to the stored route: one worker, and all that it has to do waits for it.

import { setTimeout as pause } from "node:timers/promises";
import { PartnerId } from "#domain/ids.ts";
import { leadMailbox } from "#platform/bus/subjects.ts";

import { startRelay } from "../../../services/relay/app.ts";
import type { NodeProcess } from "../../harness/process.ts";
import { until } from "../../harness/wait.ts";
import { workersOf } from "../../leads/workers.ts";
import { startTestYard, type TestYard } from "../../leads/yard.ts";
import { familyCpu } from "../eventstore/measure.ts";
import { recount } from "./recount.ts";

/** Until the compiler has seen what is hot: a worker runs for weeks. */
const WARM_UP = 5_000;
const MEASURED = 12_000;
const ALL = WARM_UP + MEASURED;
const AT_ONCE = 500;
const NEARLY = 500;
const DEADLINE_MS = 60_000;

export interface Round {
  readonly perSecond: number;
  /** Milliseconds of each process for one submission. */
  readonly cpu: Readonly<Record<string, number>>;
}

interface Sample {
  readonly settled: number;
  readonly at: number;
  readonly cpu: Readonly<Record<string, number>>;
}

/** Processes, streams and tables of its own, so that rounds are alike. */
export async function round(): Promise<Round> {
  const yard = await startTestYard({ leadPartitions: 16 }, { durable: true });
  try {
    await fill(yard);
    const from = await yard.own.eventStore().head();
    const worker = await workersOf(yard, "error").start("worker");
    const first = await reached(WARM_UP, yard, worker);
    const last = await reached(ALL, yard, worker);
    await worker.stop();
    await recount(yard, from, ALL);
    return between(first, last);
  } finally {
    await yard.stop();
  }
}

/** Everybody is new: each needs a key of their own, and a record. */
async function fill(yard: TestYard): Promise<void> {
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
  const relay = await yard.start("relay", startRelay);
  for (let from = 0; from < ALL; from += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, n) => from + n);
    await Promise.all(
      numbers.map((n) =>
        yard.receive({ email: `p${n}@example.com`, phone: `+1555${n}`, full_name: `Person ${n}` }),
      ),
    );
  }
  const bus = await yard.own.bus();
  const rules = 2;
  await until("all is in the mailboxes", async () => (await bus.lastMessage())?.seq === ALL + rules, 60_000);
  await relay.stop();
}

async function reached(count: number, yard: TestYard, worker: NodeProcess): Promise<Sample> {
  const pids = {
    worker: worker.pid,
    "event store": yard.parts.store.pid,
    "nats-server": yard.parts.nats.pid,
    PostgreSQL: yard.parts.postgres.pid,
  };
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    const settled = await acknowledged(yard);
    const cpu = Object.entries(pids).map(([name, pid]) => [name, familyCpu(pid)]);
    if (settled >= count) return { settled, at: performance.now(), cpu: Object.fromEntries(cpu) };
    // Looking costs the server something, so it looks often only when it is nearly there.
    await pause(count - settled > NEARLY ? 250 : 25);
  }
  throw new Error(`${count} are not settled after ${DEADLINE_MS} ms:\n${worker.log().slice(-2_000)}`);
}

/** A mail is acknowledged when its events are stored. */
async function acknowledged({ own, config }: TestYard): Promise<number> {
  const bus = await own.bus();
  const names = Array.from({ length: config.leadPartitions }, (_, n) => leadMailbox(n));
  const states = await Promise.all(names.map((name) => bus.consumerState(name)));
  // A mailbox that is not open yet would be counted as empty.
  return states.reduce((sum, state) => sum - (state ? state.pending + state.ackPending : ALL), ALL);
}

function between(first: Sample, last: Sample): Round {
  const count = last.settled - first.settled;
  const cpu = Object.entries(last.cpu).map(([name, seconds]) => [
    name,
    ((seconds - (first.cpu[name] ?? 0)) * 1_000) / count,
  ]);
  return { perSecond: (count * 1_000) / (last.at - first.at), cpu: Object.fromEntries(cpu) };
}
