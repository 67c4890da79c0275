// Passes of submissions through a yard, one role after the other: each has its work waiting for it when it starts.

import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { PartnerId } from "#domain/ids.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { leadMailbox } from "#platform/bus/subjects.ts";
import type { Role } from "#platform/config.ts";
import { allProjections } from "#projections/all.ts";
import { prepareCheckpoints } from "#projections/checkpoint.ts";
import { type Machine, machineWith } from "../docs/machine.ts";
import { whole } from "../pipeline/report.ts";
import { PARTNERS } from "../pipeline/submissions.ts";
import type { Pass, RolesOptions } from "./options.ts";
import { CORES, type RoleProcesses, type Stage, startStage } from "./stage.ts";
import { addTimers } from "./timers.ts";
import {
  between,
  both,
  look,
  lookBefore,
  type Measurement,
  measurementOf,
  type Sample,
  type Watched,
  type Window,
  watch,
} from "./window.ts";

export interface RolesResults {
  readonly machine: Machine;
  /** In each pass. */
  readonly submissions: number;
  readonly measurements: readonly Measurement[];
}

const CONNECTIONS = 100;
/** Of the submissions, until the gateway's code is compiled. */
const WARM_UP = 0.1;
const SAMPLE_MS = 50;
/** A due delivery is read and mailed again, which is quick, and most submissions need none. */
const TIMERS_SHARE = 0.5;

export async function measureRoles(options: RolesOptions): Promise<RolesResults> {
  const machine = machineWith(options.note);
  const measurements: Measurement[] = [];
  const stage = await startStage();
  try {
    let from = 0;
    for (const pass of options.passes) {
      console.log(`\n${pass.processes} of each role${pass.pinned ? ", on a core of its own" : ""}`);
      stage.leaveCore(pass.pinned);
      const windows = await onePass(stage, pass, { from, many: options.submissions });
      from += options.submissions;
      for (const [role, window] of Object.entries(windows)) {
        const cores = pass.pinned ? CORES.length - 1 : CORES.length;
        const measured = measurementOf(role, window, pass, cores);
        measurements.push(measured);
        console.log(
          `${role.padEnd(12)} ${whole(measured.per_second).padStart(7)}/s, CPU s per 1,000: ${measured.cpu_s_per_1000}; ` +
            `busiest process ${measured.busiest}; ${measured.binds}`,
        );
      }
    }
    const { requests, distinct, misrouted } = await stage.bench.partners.call("status");
    const attempts = await attemptsOf(stage);
    if (requests > attempts || distinct !== from || misrouted > 0)
      throw new Error(
        `${from} were sent; ${requests} requests of ${distinct} came in ${attempts} attempts, ${misrouted} to a wrong partner`,
      );
    // On a busy machine an answer may come too late; the next attempt goes under the same id. All that was measured would be lost with it.
    if (requests > distinct) console.log(`${requests - distinct} requests came again, under the same id`);
    return { machine, submissions: options.submissions, measurements };
  } finally {
    if (CORES.length > 1) stage.leaveCore(false);
    await stage.stop();
  }
}

/** Recorded, each before its request. */
async function attemptsOf({ yard }: Stage): Promise<number> {
  let attempts = 0;
  for (const id of PARTNERS)
    for await (const { type } of yard.own.eventStore().streamEvents(partnerStream(PartnerId.parse(id))))
      if (type === "DeliveryStarted") attempts += 1;
  return attempts;
}

interface Batch {
  readonly from: number;
  readonly many: number;
}

async function onePass(stage: Stage, pass: Pass, batch: Batch): Promise<Record<string, Window>> {
  const { many } = batch;
  const gateway = await gatewayStage(stage, pass, batch);
  const received = await relayStage(stage, pass, "yard.lead.", many);
  const { leads, identity } = await leadStage(stage, pass, many);
  const routed = await relayStage(stage, pass, "yard.partner.", many);
  const partners = await partnerStage(stage, pass, many);
  const projections = await projectionStage(stage, pass, many);
  const timers = await timerStage(stage, pass, { ...batch, many: Math.ceil(many * TIMERS_SHARE) });
  return { gateway, relay: both(received, routed), leads, identity, partners, projections, timers };
}

/** The processes of the role that is measured; they are stopped afterwards. */
async function withRole<Result>(
  { start, parts }: Stage,
  { processes, pinned }: Pass,
  role: Role,
  work: (own: RoleProcesses, watched: Watched, since: Sample) => Promise<Result>,
): Promise<Result> {
  const since = lookBefore(parts);
  const own = await start(role, processes);
  if (pinned) own.move("core of its own");
  const result = await work(own, { role: own.pids, others: parts }, since);
  await own.stop();
  return result;
}

function gatewayStage(stage: Stage, pass: Pass, { from, many }: Batch): Promise<Window> {
  return withRole(stage, pass, "gateway", async ({ urls }, watched) => {
    const { generator, secret } = stage.bench;
    const connections = Math.ceil(CONNECTIONS / urls.length);
    /** When it began and ended, in milliseconds of this process. */
    async function send(
      first: number,
      count: number,
    ): Promise<{ readonly from: number; readonly to: number }> {
      const boundary = (n: number): number => first + Math.floor((count * n) / urls.length);
      const results = await Promise.all(
        urls.map((url, n) => {
          const serials = { from: boundary(n), many: boundary(n + 1) - boundary(n) };
          return generator.call("load", { url, secret, connections, ...serials });
        }),
      );
      const accepted = results.reduce((sum, { acceptedCount }) => sum + acceptedCount, 0);
      if (accepted !== count) throw new Error(`${accepted} of ${count} submissions were accepted`);
      // The generator signs all before it sends the first.
      return {
        from: Math.max(...results.map(({ startedAt }) => startedAt)) - performance.timeOrigin,
        to: Math.max(...results.map(({ endedAt }) => endedAt)) - performance.timeOrigin,
      };
    }
    const warmUp = Math.ceil(many * WARM_UP);
    await send(from, warmUp);
    const samples = [look(watched)];
    const sampling = setInterval(() => samples.push(look(watched)), SAMPLE_MS);
    const sent = await send(from + warmUp, many - warmUp).finally(() => clearInterval(sampling));
    const [first, last] = [
      samples.find(({ at }) => at >= sent.from),
      samples.findLast(({ at }) => at <= sent.to),
    ];
    if (first === undefined || last === undefined || last.at <= first.at)
      throw new Error("the gateway was too quick to be measured; give a larger --n");
    const share = (last.at - first.at) / (sent.to - sent.from);
    return between(first, last, Math.round((many - warmUp) * share));
  });
}

async function relayStage(stage: Stage, pass: Pass, subjects: string, to: number): Promise<Window> {
  const base = await mailsTo(stage, subjects);
  return withRole(stage, pass, "relay", (_, watched, since) =>
    watch(watched, "the relay", {
      ...{ since, to },
      progress: async () => (await mailsTo(stage, subjects)) - base,
    }),
  );
}

/** That the stream has, read or not. */
async function mailsTo({ yard }: Stage, subjects: string): Promise<number> {
  const bus = await yard.own.bus();
  let mails = 0;
  for (const [subject, count] of await bus.subjectsIn()) if (subject.startsWith(subjects)) mails += count;
  return mails;
}

/**
 * Lead actors ask identity, so both run at once. Identity is measured until it has answered half of them: it is ahead, and ends first. The
 * lead actors are measured with what is left then.
 */
async function leadStage(
  { yard, start, parts }: Stage,
  { processes, pinned }: Pass,
  many: number,
): Promise<Record<"leads" | "identity", Window>> {
  const before = await answers(yard);
  const since = lookBefore(parts);
  const identity = await start("identity", processes);
  if (pinned) identity.move("core of its own");
  const leads = await start("leads", processes);
  const first = await watch({ role: identity.pids, others: { ...parts, leads: leads.pids } }, "identity", {
    ...{ since, to: Math.ceil(many / 2) },
    progress: async () => (await answers(yard)) - before,
  });
  if (pinned) identity.move("the others");
  if (pinned) leads.move("core of its own");
  const second = await watch({ role: leads.pids, others: { ...parts, identity: identity.pids } }, "leads", {
    ...{ since, from: await mailsDone(yard, many), to: many },
    progress: () => mailsDone(yard, many),
  });
  await leads.stop();
  await identity.stop();
  return { leads: second, identity: first };
}

/** Each submission is of somebody new, or under another name, which is an event. */
async function answers({ own }: Stage["yard"]): Promise<number> {
  const [newest] = await own.eventStore().readStreamBackwards(IDENTITY_STREAM, 1);
  return newest === undefined ? 0 : Number(newest.revision) + 1;
}

/** A mail is acknowledged when its events are stored. */
async function mailsDone(yard: Stage["yard"], many: number): Promise<number> {
  const bus = await yard.own.bus();
  const names = Array.from({ length: yard.config.leadPartitions }, (_, n) => leadMailbox(n));
  const states = await Promise.all(names.map((name) => bus.consumerState(name)));
  // What waits in a mailbox that nobody has opened yet is not known.
  if (states.some((state) => state === undefined)) return 0;
  return states.reduce((done, state) => done - (state ? state.pending + state.ackPending : 0), many);
}

async function partnerStage(stage: Stage, pass: Pass, to: number): Promise<Window> {
  const arrived = async (): Promise<number> => (await stage.bench.partners.call("status")).distinct;
  const base = await arrived();
  return withRole(stage, pass, "partners", (_, watched, since) =>
    watch(watched, "partners", { since, to, progress: async () => (await arrived()) - base }),
  );
}

async function projectionStage(stage: Stage, pass: Pass, many: number): Promise<Window> {
  const { own } = stage.yard;
  const database = own.database();
  const models = allProjections({ vault: await own.vault(), eventStore: own.eventStore() }).map(
    ({ name }) => name,
  );
  await prepareCheckpoints(database);
  const position = async (): Promise<number> => {
    const rows = await database.query<{ position: bigint }>(
      "select position from projections.checkpoint where schema_name = any($1::text[])",
      [models],
    );
    return rows.length < models.length ? 0 : Math.min(...rows.map((row) => Number(row.position)));
  };
  const [from, head] = [await position(), Number(await own.eventStore().head())];
  return withRole(stage, pass, "projections", (_, watched, since) =>
    watch(watched, "projections", {
      ...{ since, to: many },
      // All of a pass, whatever its events are.
      progress: async () => (((await position()) - from) / (head - from)) * many,
    }),
  );
}

async function timerStage(stage: Stage, pass: Pass, { from, many }: Batch): Promise<Window> {
  const { own } = stage.yard;
  const added = await addTimers(own, { from, many });
  const base = await mailsTo(stage, "yard.partner.");
  const window = await withRole(stage, pass, "timers", (_, watched, since) =>
    watch(watched, "timers", {
      ...{ since, to: added },
      progress: async () => (await mailsTo(stage, "yard.partner.")) - base,
    }),
  );
  await own.database().query("delete from timers.timer");
  return window;
}
