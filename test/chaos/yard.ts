// The whole yard as processes of their own, two of each role, with what a blow needs to get at: a proxy on each way from a process to
// a part, a clock for each process, and a small disk for the event store.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { connectDatabase, type Database } from "#platform/database.ts";
import { connectEventStore, type EventStore } from "#platform/event-store/event-store.ts";
import { behave, configurePartner, configureRules, rule } from "../e2e/demo-partners.ts";
import { type ProcessName, type RunningYard, startYard } from "../e2e/yard.ts";
import { temporaryFolder } from "../eventstore/server.ts";
import { findFaketime } from "../harness/faketime.ts";
import { type HalfOpenProxy, startHalfOpenProxy } from "../harness/half-open-proxy.ts";
import { allOrNone, type Own } from "../harness/started.ts";
import { PARTS, type Part } from "./plan.ts";
import { COMPILED, portOf, urlThrough } from "./ways.ts";

export interface Incidents {
  /** Processes that had served and ended without having been told to. */
  readonly ended: readonly string[];
  /** Those that were not ready at the first try. */
  readonly failedStarts: readonly string[];
}

export interface ChaosYard extends RunningYard {
  /** Past all proxies. */
  readonly log: EventStore;
  readonly database: Database;
  readonly processes: readonly ProcessName[];
  /** What the supervisor had to do since this was asked last. */
  incidents(): Incidents;
  way(process: string, part: Part): HalfOpenProxy;
  /** False where clocks can't be set (no libfaketime). */
  setClock(process: string, seconds: number): boolean;
  /** False where no small disk can be mounted. */
  fillDisk(): boolean;
  emptyDisk(): void;
}

const FAKETIME = findFaketime();
const DISK_MB = 256;
const MAX_REASON = 2_000;
const VARIABLE: Record<Part, string> = {
  nats: "NATS_URL",
  eventstore: "EVENTSTORE_URL",
  postgres: "DATABASE_URL",
};

/** What partners there are, and how they behave where no blow says otherwise. */
export const PARTNERS = {
  edu: { settings: {}, behaviour: { behaviour: "healthy" } },
  fin: { settings: {}, behaviour: { behaviour: "failing", rate: 0.3 } },
  fallback: { settings: {}, behaviour: { behaviour: "healthy", delay_ms: 50 } },
  picky: { settings: {}, behaviour: { behaviour: "rejecting" } },
  capped: { settings: { caps: { total: 20, otherwise: "next" } }, behaviour: { behaviour: "healthy" } },
  forgetful: {
    settings: { idempotent: false },
    behaviour: { behaviour: "healthy", idempotent: false },
  },
  mails: { settings: {}, behaviour: { behaviour: "healthy", delay_ms: 20 } },
} as const;
export type PartnerName = keyof typeof PARTNERS;
export const PARTNER_NAMES = Object.keys(PARTNERS) as PartnerName[];
export const CAP = PARTNERS.capped.settings.caps.total;

export const INTERESTS = ["edu", "fin", "picky", "capped", "forgetful", "split", "other"] as const;
export const RULES = [
  rule("edu", 10, { interest: "edu" }, { to: "edu" }),
  rule("fin", 20, { interest: "fin" }, { to: "fin" }),
  rule("picky", 30, { interest: "picky" }, { waterfall: ["picky", "edu"] }),
  rule("capped", 40, { interest: "capped" }, { waterfall: ["capped", "fallback"] }),
  rule("forgetful", 50, { interest: "forgetful" }, { to: "forgetful" }),
  rule(
    "split",
    60,
    { interest: "split" },
    {
      split: [
        { to: "edu", weight: 1 },
        { to: "fallback", weight: 1 },
      ],
    },
  ),
  rule("otherwise", 1_000, {}, { to: "fallback" }),
];

export const startChaosYard = (): Promise<ChaosYard> => allOrNone("a yard to strike", startAll);

async function startAll(own: Own): Promise<ChaosYard> {
  const ways = new Map<string, HalfOpenProxy>();
  const clocks = temporaryFolder("clocks-");
  const disk = smallDisk();
  const clockOf = (name: string): string => join(clocks, name);
  const setClock = (name: string, seconds: number): void =>
    writeFileSync(clockOf(name), `${seconds < 0 ? "" : "+"}${seconds}\n`);

  async function startWay(port: number): Promise<HalfOpenProxy> {
    const { way } = await own(async () => {
      const way = await startHalfOpenProxy(port);
      return { way, stop: () => way.close() };
    });
    return way;
  }

  async function environmentOf(
    name: ProcessName,
    env: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>> {
    if (name === "simulator") return COMPILED;
    const urls: Record<string, string> = { ...COMPILED };
    for (const part of PARTS) {
      const url = env[VARIABLE[part]] ?? "";
      const way = ways.get(`${name} ${part}`) ?? (await startWay(portOf(url)));
      ways.set(`${name} ${part}`, way);
      urls[VARIABLE[part]] = urlThrough(url, way.port);
    }
    if (FAKETIME === undefined) return urls;
    setClock(name, 0);
    return {
      ...urls,
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: clockOf(name),
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  let ended: string[] = [];
  let failedStarts: string[] = [];
  const yard = await own(() =>
    startYard("apart", {
      copies: 2,
      supervisor: {
        onEnded: (name, code) => void ended.push(`${name} ended by itself with ${code}`),
        onFailedStart: (name, error) =>
          void failedStarts.push(`${name} was not ready: ${error.message.slice(0, MAX_REASON)}`),
      },
      environmentOf,
      ...(disk !== undefined && { eventStoreDir: join(disk.dir, "data") }),
    }),
  );
  const log = pino({ level: "silent" });
  const eventStore = connectEventStore({ url: `esdb://127.0.0.1:${yard.eventStore().port}?tls=false`, log });
  const database = connectDatabase({ url: yard.postgres.url, log, max: 2 });
  const connections = await own(async () => ({
    stop: () => Promise.all([eventStore.close(), database.close()]),
  }));
  const ballast = disk && join(disk.dir, "ballast");
  await configureYard(yard);
  return {
    ...yard,
    log: eventStore,
    database,
    processes: yard.names.filter((name) => name !== "simulator"),
    incidents() {
      const since = { ended, failedStarts };
      ended = [];
      failedStarts = [];
      return since;
    },
    way(process, part) {
      const found = ways.get(`${process} ${part}`);
      if (found === undefined) throw new Error(`${process} has no way to ${part}`);
      return found;
    },
    setClock(process, seconds) {
      if (FAKETIME !== undefined) setClock(process, seconds);
      return FAKETIME !== undefined;
    },
    fillDisk() {
      if (ballast === undefined) return false;
      fill(ballast);
      return true;
    },
    emptyDisk() {
      if (ballast !== undefined) rmSync(ballast, { force: true });
    },
    async stop() {
      await connections.stop();
      await yard.stop();
      await Promise.all([...ways.values()].map((way) => way.close()));
      disk?.unmount();
    },
  };
}

async function configureYard(yard: RunningYard): Promise<void> {
  for (const name of PARTNER_NAMES) {
    const { settings, behaviour } = PARTNERS[name];
    await configurePartner(yard.client, yard.simulatorUrl, name, settings);
    await behave(yard.simulatorUrl, name, behaviour);
  }
  await configureRules(yard.client, RULES);
}

interface SmallDisk {
  readonly dir: string;
  unmount(): void;
}

/** Undefined where this process may not mount one. */
function smallDisk(): SmallDisk | undefined {
  const dir = temporaryFolder("small-disk-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MB}m`, "tmpfs", dir], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  const unmount = (): void => void execFileSync("umount", ["--lazy", dir], { stdio: "ignore" });
  // Before its folder is removed, which fails while it is mounted and would keep the others from clearing up.
  process.prependListener("exit", unmount);
  return {
    dir,
    unmount() {
      process.off("exit", unmount);
      unmount();
    },
  };
}

/** Until not a byte more fits. */
function fill(path: string): void {
  for (let bytes = 1024 * 1024; bytes >= 4_096; bytes /= 4) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}
