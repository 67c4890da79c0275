// One seed: what is submitted, which faults there are, and everything that happens follow from it alone.
import { SubmissionId } from "#domain/ids.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import type { ChannelParts } from "../../services/partners/channels/channel.ts";
import { type Random, randomFrom } from "../harness/random.ts";
import { createBus } from "./bus.ts";
import { addMembers, campaignViolations } from "./campaign.ts";
import { elapsed, inProcess, type Process, resetClock, runUntil, schedule } from "./clock.ts";
import { createLog, type Planted } from "./event-store.ts";
import { openSubmissions, violationsIn } from "./invariants.ts";
import { createLeases } from "./leases.ts";
import { createNetwork, type Faults, MAX_LATE_MS, NO_FAULTS } from "./network.ts";
import { DEMO, INTERESTS, logTo, vault } from "./parts.ts";
import { worksOf } from "./roles.ts";

export interface SimulationReport {
  readonly violations: readonly string[];
  readonly events: number;
  /** Simulated. */
  readonly ms: number;
  /** Equal for two runs in which the same happened. */
  readonly digest: string;
}

const codec = createCodec(submissionEvents);
const HEALED_AT_MS = 15_000;
/** By then everything has to have ended: leases run out, mail comes again, timers pass. */
const END_MS = HEALED_AT_MS + 300_000;
const LOOK_MS = 500;
const SUBMITTED_WITHIN_MS = 8_000;
const PROCESSES = 2;
const MAX_SUBMISSIONS = 8;
const PERSONS = 3;

export interface SimulationOptions {
  readonly tell?: ((line: string) => void) | undefined;
  readonly planted?: Planted | undefined;
  /** Faults that don't happen: a seed that was found before there were some is played without them. */
  readonly without?: readonly (keyof Faults)[];
}

export async function simulate(
  seed: number,
  { tell, planted, without = [] }: SimulationOptions = {},
): Promise<SimulationReport> {
  const random = randomFrom(seed);
  resetClock(random.next);
  const say = (what: string): void => tell?.(`${String(Math.round(elapsed())).padStart(7)} ms  ${what}`);
  const faults = { ...faultsFrom(random, randomFrom(-seed)), ...withoutThose(without) };
  say(`faults: ${JSON.stringify(faults)}`);
  const effects = new Map<string, Map<string, number>>();
  const log = createLog(planted);
  const bus = createBus(onPartnerMessage);
  const network = createNetwork({ random, faults, healedAt: HEALED_AT_MS, onCrash: replace, tell: say });
  const leases = createLeases({ network, onStopped: replace, tell: say });

  /** True the first time. */
  function takeEffect(partner: string, id: string): boolean {
    const own = effects.get(partner) ?? new Map<string, number>();
    effects.set(partner, own);
    own.set(id, (own.get(id) ?? 0) + 1);
    return own.get(id) === 1;
  }

  function onPartnerMessage(subject: string, id: string) {
    const isOver = elapsed() >= HEALED_AT_MS;
    if (!isOver && random.next() < faults.lostAnswer * 2) return "refused";
    return takeEffect(subject.replace("partners.", ""), id) ? "stored" : "duplicate";
  }

  /** A partner that is a function: it declines, it fails, or it takes. */
  const sandboxOf = (process: Process): ChannelParts["sandbox"] => ({
    run: ({ owner, job }) =>
      network
        .call(
          process,
          () => {
            const { delivery_id } = JSON.parse(job.argument ?? "{}") as { delivery_id: string };
            const dice = Number.parseInt(delivery_id.slice(0, 2), 16) % 3;
            if (dice === 0)
              return { ok: true as const, json: '{"outcome":"failure","reason":"no"}', logs: [] };
            if (dice === 1 && network.isHit("lostAnswer"))
              return { ok: false as const, failure: "threw" as const, message: "", logs: [] };
            takeEffect(owner, delivery_id);
            return { ok: true as const, json: '{"outcome":"success"}', logs: [] };
          },
          { afterMs: 1, error: () => new Error("not called") },
        )
        // The function itself can't be lost on the way.
        .catch(() => ({ ok: false as const, failure: "no_turn" as const, message: "", logs: [] })),
  });

  let started = 0;
  function start(slot: number): void {
    started += 1;
    const process: Process = { name: `process-${slot}.${started}`, alive: true, frozenUntil: 0 };
    slots.set(process, slot);
    inProcess(process, () => {
      const own = tell && ((line: string) => say(`${process.name}: ${line}`));
      const parts = {
        instance: process.name,
        eventStore: log.of(process, network),
        bus: bus.of(process, network),
        sandbox: sandboxOf(process),
        simulatedLog: log,
        log: logTo(own),
      };
      leases.join(process, worksOf(parts));
    });
  }
  const slots = new Map<Process, number>();
  function replace(process: Process): void {
    const slot = slots.get(process) ?? 0;
    schedule(random.between(100, 3_000), () => start(slot), undefined);
  }

  const ids: string[] = [];
  function submit(n: number): void {
    const id = SubmissionId.parse(deterministicUuid("simulated", `${seed}`, `${n}`));
    ids.push(id);
    const person = random.between(1, PERSONS);
    const received_at = new Date().toISOString();
    const normalised = {
      email: `p${person}@example.com`,
      phone: `+4930900000${person}`,
      full_name: `Ada ${n}`,
    };
    const submission: Submission = {
      kind: "lead",
      source: DEMO,
      received_at,
      idempotency_key: `${n}`,
      payload: { interest: random.pick(INTERESTS) },
      normalised,
    };
    const data = {
      submission_id: id,
      kind: "lead",
      source: DEMO,
      received_at,
      fingerprint: "",
      key_fingerprint: `${n}`,
      sealed:
        vault.sealCached(`intake-${received_at.slice(0, 10)}`, submission, submissionContext(id)) ?? never(),
    } as const;
    const event = codec.encode({ type: "SubmissionReceived", data }, { id: newUuid(), at: received_at });
    log.append(submissionStream(id), "no_stream", [event]);
    say(`submitted ${id} for ${String(submission.payload.interest)}`);
  }

  const gateway: Process = { name: "gateway", alive: true, frozenUntil: 0 };
  const lasting = { ...faults, crash: 0, freeze: 0 };
  const toOwner = createNetwork({
    random,
    faults: lasting,
    healedAt: HEALED_AT_MS,
    onCrash: never,
    tell: say,
  });
  const members = addMembers(random, gateway, bus.of(gateway, toOwner));

  for (let slot = 1; slot <= PROCESSES; slot += 1)
    schedule(random.between(0, 500), () => start(slot), undefined);
  const submissions = random.between(1, MAX_SUBMISSIONS);
  for (let n = 0; n < submissions; n += 1)
    schedule(random.between(0, SUBMITTED_WITHIN_MS), () => submit(n), undefined);
  const wipe = (): void => {
    if (network.isHit("wipedStream")) {
      say("the stream is wiped");
      bus.wipe();
    }
    if (elapsed() < HEALED_AT_MS) schedule(1_000, wipe, undefined);
  };
  wipe();

  const broken: string[] = [];
  const onUnhandled = (error: unknown): void =>
    void broken.push(`unhandled: ${(error as Error)?.stack ?? error}`);
  process.on("unhandledRejection", onUnhandled);
  let looked = 0;
  let endedAt: number | undefined;
  await runUntil(() => {
    if (broken.length > 0) return true;
    if (elapsed() < looked + LOOK_MS || ids.length < submissions) return false;
    looked = elapsed();
    if (openSubmissions(log, ids).length > 0 || !members.isOver(log)) endedAt = undefined;
    else endedAt ??= elapsed();
    // What is still on its way, or asleep, may do harm yet.
    return endedAt !== undefined && elapsed() > endedAt + MAX_LATE_MS + LOOK_MS;
  }, END_MS);
  process.off("unhandledRejection", onUnhandled);

  const violations = [
    ...broken,
    ...violationsIn(log, ids, effects),
    ...campaignViolations(log, members, effects),
  ];
  const digest = deterministicUuid(
    ...log.events.map(({ id, stream, type, metadata }) => `${id} ${stream} ${type} ${metadata.at}`),
  );
  return { violations, events: log.events.length, ms: elapsed(), digest };
}

const withoutThose = (names: readonly (keyof Faults)[]): Partial<Faults> =>
  Object.fromEntries(names.map((name) => [name, 0]));

/**
 * In most seeds a few kinds of faults, each more or less likely; in some none at all. Those that came later are drawn from `later`, so that
 * the same seed without them is what it was.
 */
function faultsFrom(random: Random, later: Random): Faults {
  const rate = (max: number, from = random): number => (from.next() < 0.5 ? 0 : from.next() * max);
  const some: Faults = {
    lostRequest: rate(0.1),
    lostAnswer: rate(0.1),
    late: rate(0.05),
    crash: rate(0.01),
    freeze: rate(0.01),
    lostMail: rate(0.2),
    repeatedMail: rate(0.3),
    reorderedMail: rate(0.5),
    wipedStream: rate(0.2),
    lostLease: rate(0.3),
    givenBack: rate(0.1, later),
    stopped: rate(0.1, later),
  };
  return random.next() < 0.05 ? NO_FAULTS : some;
}

function never(): never {
  throw new Error(
    "this can't happen: the simulated vault seals at once, and the simulated gateway never dies",
  );
}
