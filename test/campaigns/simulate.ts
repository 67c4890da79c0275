// One campaign in simulated time, by the production code of its owner, the relay and its partner. Owners crash, freeze, and lose the campaign
// without noticing; answers get lost; clocks are set; the definition changes while members are in the middle. All follows from one seed.
import { AnalysisService } from "#domain/analysis/service.ts";
import {
  type ConfigureCampaign,
  type ConfiguredCampaigns,
  campaignConfiguration,
} from "#domain/campaign/configured.ts";
import { campaignStream } from "#domain/campaign/events.ts";
import { CampaignReply, type CampaignRequest } from "#domain/campaign/request.ts";
import { MemberId } from "#domain/ids.ts";
import { memberContext, memberKey } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { campaignRequestSubject } from "#platform/bus/subjects.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { createMetrics } from "#platform/metrics.ts";
import { pause } from "#platform/retry.ts";
import type { Yard } from "#platform/yard.ts";
import { startCampaignActor } from "../../services/campaigns/actor.ts";
import { createAnalysis } from "../../services/campaigns/analysis.ts";
import { replyTo } from "../../services/campaigns/owner-requests.ts";
import { snapshotsOf } from "../../services/campaigns/snapshots.ts";
import { relayWhile } from "../../services/relay/relay.ts";
import { type Random, randomFrom } from "../harness/random.ts";
import { createBus } from "../simulation/bus.ts";
import { elapsed, inProcess, type Process, resetClock, runUntil, schedule } from "../simulation/clock.ts";
import { createLog, type Planted } from "../simulation/event-store.ts";
import { createLeases, type Work } from "../simulation/leases.ts";
import { createNetwork, type Faults, MAX_LATE_MS, NO_FAULTS } from "../simulation/network.ts";
import { logTo, signature, vault } from "../simulation/parts.ts";
import { type RoleParts, worksOf } from "../simulation/roles.ts";
import { membersWithoutEnd, violationsIn } from "./invariants.ts";
import { campaign, FIRST, MIGRATION, SECOND } from "./simulated-campaign.ts";
import { snapshotStore } from "./simulated-snapshots.ts";
import { unfinishedSends } from "./unfinished.ts";

export interface CampaignSimulation {
  readonly violations: readonly string[];
  readonly events: number;
  readonly snapshotsRead: number;
}

const HEALED_AT_MS = 20_000;
const END_MS = HEALED_AT_MS + 600_000;
const LOOK_MS = 500;
const PROCESSES = 2;
const MEMBERS = 8;
const EVENTS_BETWEEN_SNAPSHOTS = 7;
const ASK_MS = 5_000;

let aheadMs = 0;
const simulatedNow = Date.now;
/** Once for a process: whose clock is set is everybody's, as on one machine. */
Date.now = () => simulatedNow() + aheadMs;

export async function simulateCampaign(
  seed: number,
  {
    tell,
    planted,
  }: { readonly tell?: ((line: string) => void) | undefined; readonly planted?: Planted | undefined } = {},
): Promise<CampaignSimulation> {
  const random = randomFrom(seed);
  resetClock(random.next);
  aheadMs = 0;
  const say = (what: string): void => tell?.(`${String(Math.round(elapsed())).padStart(7)} ms  ${what}`);
  const faults = faultsFrom(random);
  say(`faults: ${JSON.stringify(faults)}`);
  const log = createLog(planted);
  const effects = new Map<string, number>();
  const bus = createBus((_, id) => {
    if (elapsed() < HEALED_AT_MS && random.next() < faults.lostAnswer) return "refused";
    effects.set(id, (effects.get(id) ?? 0) + 1);
    return effects.get(id) === 1 ? "stored" : "duplicate";
  });
  const network = createNetwork({ random, faults, healedAt: HEALED_AT_MS, onCrash: replace, tell: say });
  const leases = createLeases({ network, onStopped: replace, tell: say });
  const store = snapshotStore();

  let configured: ConfiguredCampaigns = campaignConfiguration.initial;
  const owners = new Set<{ readonly process: Process; readonly refresh: () => void }>();
  function configure(command: ConfigureCampaign): void {
    const decision = campaignConfiguration.decide(command, configured);
    if (!decision.accepted) return;
    say(`the campaign is configured: ${command.type}`);
    configured = decision.events.reduce(campaignConfiguration.evolve, configured);
    for (const { process, refresh } of owners) schedule(random.next() * 50, refresh, process);
  }

  let started = 0;
  const slots = new Map<Process, number>();
  function start(slot: number): void {
    started += 1;
    const process: Process = { name: `process-${slot}.${started}`, alive: true, frozenUntil: 0 };
    slots.set(process, slot);
    inProcess(process, () => {
      const parts: RoleParts = {
        instance: process.name,
        eventStore: log.of(process, network),
        bus: bus.of(process, network),
        sandbox: { run: () => Promise.reject(new Error("no partner is a function")) } as never,
        simulatedLog: log,
        log: logTo(tell && ((line) => say(`${process.name}: ${line}`))),
      };
      const { "partner-steady": partner = never() } = worksOf(parts);
      leases.join(process, { relay: relayWork(parts), partner, campaign: ownerWork(process, parts) });
    });
  }
  function replace(process: Process): void {
    schedule(random.between(100, 3_000), () => start(slots.get(process) ?? 0), undefined);
  }

  const metrics = createMetrics();
  function relayWork({ eventStore, bus: ownBus, log: ownLog }: RoleParts): Work {
    return async (lease) => {
      const stop = new AbortController();
      const unfinished = unfinishedSends(log);
      const parts = { eventStore, bus: ownBus, unfinished, partitions: 1, publishFacts: false };
      const signal = AbortSignal.any([stop.signal, lease.lost]);
      const done = relayWhile({ ...parts, signature, metrics, log: ownLog }, signal);
      return async () => {
        stop.abort();
        await done;
      };
    };
  }

  function ownerWork(process: Process, { eventStore, bus: ownBus, log: ownLog }: RoleParts): Work {
    return async (lease) => {
      const current = () => configured.get(campaign) ?? never();
      const snapshots = snapshotsOf(campaign, {
        store: store.of(process, network),
        log: ownLog,
        everyEvents: EVENTS_BETWEEN_SNAPSHOTS,
      });
      const words = AnalysisService.parse({ type: "builtin" });
      const actor = await startCampaignActor({
        campaign,
        configured: current,
        services: () => new Map([["words", words]]),
        partners: () => new Map(),
        lease,
        yard: { eventStore: () => eventStore, metrics, log: ownLog } as unknown as Yard,
        bus: ownBus,
        vault,
        signature,
        analysis: createAnalysis({ allowPrivate: true, metrics }),
        snapshots,
      });
      const owner = { process, refresh: actor.refresh };
      owners.add(owner);
      const about = { campaign, configured: current, actor, onImport: () => undefined };
      const requests = await ownBus.serve(campaignRequestSubject(campaign), process.name, ({ data }) =>
        replyTo(data, about),
      );
      return async () => {
        owners.delete(owner);
        await requests.close();
        await actor.close();
      };
    };
  }

  // It lives for ever, and asks until it is answered.
  const client: Process = { name: "client", alive: true, frozenUntil: 0 };
  const clientFaults = { random, faults: { ...faults, crash: 0, freeze: 0 }, healedAt: HEALED_AT_MS };
  const clientNetwork = createNetwork({ ...clientFaults, onCrash: never, tell: say });
  const clientBus = bus.of(client, clientNetwork);
  const asking = new Set<Promise<void>>();
  const at = (ms: number, request: CampaignRequest): void =>
    void schedule(ms, () => void asking.add(untilAnswered(clientBus, request)), client);

  const ids = Array.from({ length: MEMBERS }, (_, n) =>
    MemberId.parse(deterministicUuid("member", `${seed}`, `${n}`)),
  );
  const added = (from: number, to: number): CampaignRequest => ({
    type: "add",
    members: ids.slice(from, to).map((member_id, n) => {
      const fields = { email: `p${from + n}@example.com` };
      return {
        member_id,
        sealed: vault.sealCached(memberKey(member_id), fields, memberContext(member_id)) ?? never(),
      };
    }),
    by: "client",
  });
  configure({ type: "define", campaign, definition: FIRST });
  at(random.between(0, 2_000), added(0, 5));
  at(random.between(0, 6_000), added(3, MEMBERS));
  schedule(random.between(0, 2_000), () => configure({ type: "start", campaign }), undefined);
  for (const member_id of ids) {
    if (random.next() < 0.5) continue;
    const text = random.pick(["thanks, I love it", "stop, this is terrible"]);
    const said = vault.sealCached(memberKey(member_id), text, memberContext(member_id)) ?? never();
    const message = `message of ${member_id}`;
    for (let times = random.between(1, 3); times > 0; times -= 1)
      at(random.between(1_000, 14_000), { type: "reply", member_id, message, sealed: said, by: "client" });
  }
  if (random.next() < 0.5) {
    const migrate = random.next() < 0.7 ? MIGRATION : undefined;
    const change = { type: "define", campaign, definition: SECOND, migrate } as const;
    schedule(random.between(1_000, 12_000), () => configure(change), undefined);
  }
  if (random.next() < 0.5) {
    const from = random.between(500, 9_000);
    schedule(from, () => configure({ type: "pause", campaign }), undefined);
    schedule(from + random.between(100, 4_000), () => configure({ type: "resume", campaign }), undefined);
    // Where it had not been started yet it was not paused.
    schedule(HEALED_AT_MS, () => configure({ type: "resume", campaign }), undefined);
  }
  for (let times = random.between(0, 3); times > 0; times -= 1)
    schedule(
      random.between(1_000, HEALED_AT_MS),
      () => {
        const jump = random.next() < 0.5 ? random.between(-20_000, -10) : random.between(10, 3_600_000);
        say(`clocks are set by ${jump} ms`);
        aheadMs += jump;
      },
      undefined,
    );
  for (let slot = 1; slot <= PROCESSES; slot += 1)
    schedule(random.between(0, 500), () => start(slot), undefined);

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
    if (elapsed() < looked + LOOK_MS || elapsed() < HEALED_AT_MS) return false;
    looked = elapsed();
    if (membersWithoutEnd(log.stream(campaignStream(campaign)), ids).length > 0) endedAt = undefined;
    else endedAt ??= elapsed();
    // What is still on its way, or asleep, may do harm yet.
    return endedAt !== undefined && elapsed() > endedAt + MAX_LATE_MS + LOOK_MS;
  }, END_MS);
  process.off("unhandledRejection", onUnhandled);
  const stored = log.stream(campaignStream(campaign));
  return {
    violations: [...broken, ...violationsIn(stored, ids, effects)],
    events: stored.length,
    snapshotsRead: store.read(),
  };
}

async function untilAnswered(bus: Bus, request: CampaignRequest): Promise<void> {
  for (;;) {
    try {
      const answer = await bus.request(
        campaignRequestSubject(campaign),
        Buffer.from(JSON.stringify(request)),
        ASK_MS,
      );
      const reply = CampaignReply.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
      if (!("refused" in reply) || (reply.refused !== "unavailable" && reply.refused !== "no_such_member"))
        return;
    } catch {
      // Nobody has the campaign just now, or the answer was lost.
    }
    await pause(200);
  }
}

/** In most seeds a few kinds of faults, each more or less likely. */
function faultsFrom(random: Random): Faults {
  const rate = (most: number): number => (random.next() < 0.5 ? 0 : random.next() * most);
  return {
    ...NO_FAULTS,
    lostRequest: rate(0.1),
    lostAnswer: rate(0.1),
    late: rate(0.05),
    crash: rate(0.02),
    freeze: rate(0.02),
    lostMail: rate(0.2),
    repeatedMail: rate(0.3),
    reorderedMail: rate(0.5),
    wipedStream: rate(0.2),
    lostLease: rate(0.4),
  };
}

function never(): never {
  throw new Error("this can't happen in the simulation");
}
