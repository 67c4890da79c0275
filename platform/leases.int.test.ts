import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../test/harness/nats.ts";
import { until } from "../test/harness/wait.ts";
import { connectBus } from "./bus/bus.ts";
import { holdLeases, type LeaseHolder, type LeaseOptions } from "./leases.ts";
import { createLog } from "./log.ts";

const leases = suite("leases");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
const TTL_MS = 1500;
/** What the contract of leases allows beyond the lease itself. */
const SLACK_MS = 2000;

interface Happening {
  readonly kind: "gained" | "acted" | "lost";
  readonly name: string;
  /** In milliseconds, on a clock that all processes of the machine share. */
  readonly at: number;
}

/** A process that holds leases, and acts for each name that it may act for, all the time. */
interface Holder {
  readonly child: ChildProcess;
  readonly happened: Happening[];
  held(): string[];
}

const holders: Holder[] = [];
const module = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const script = (group: string, names: readonly string[]): string => `
  import { connectBus } from ${module("./bus/bus.ts")};
  import { holdLeases } from ${module("./leases.ts")};
  import { createLog } from ${module("./log.ts")};
  const log = createLog({ level: "silent", name: "holder", instance: "holder" });
  const bus = await connectBus({ url: ${JSON.stringify(nats.url)}, name: "holder", log });
  const tell = (what) => process.stdout.write(JSON.stringify({ ...what, at: performance.timeOrigin + performance.now() }) + "\\n");
  const holder = holdLeases({ bus, log, group: ${JSON.stringify(group)}, names: () => ${JSON.stringify(names)},
    instance: "holder", ttlMs: ${TTL_MS},
    onGained: async (name) => tell({ kind: "gained", name }),
    onLost: async (name) => tell({ kind: "lost", name }) });
  setInterval(() => {
    for (const lease of holder.held.values()) if (lease.valid) tell({ kind: "acted", name: lease.name });
  }, 10);
  process.on("SIGTERM", async () => { await holder.close(); await bus.close(); process.exit(0); });
`;

function startHolder(group: string, names: readonly string[]): Holder {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script(group, names)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  process.once("exit", () => child.kill("SIGKILL"));
  const happened: Happening[] = [];
  if (child.stdout) createInterface(child.stdout).on("line", (line) => void happened.push(JSON.parse(line)));
  const holder: Holder = {
    child,
    happened,
    held() {
      const names = new Set<string>();
      for (const one of happened) {
        if (one.kind === "gained") names.add(one.name);
        else if (one.kind === "lost") names.delete(one.name);
      }
      return [...names];
    },
  };
  holders.push(holder);
  return holder;
}

async function end(holder: Holder, signal: NodeJS.Signals): Promise<void> {
  if (holder.child.exitCode !== null || holder.child.signalCode !== null) return;
  const gone = once(holder.child, "close");
  holder.child.kill(signal);
  await gone;
}

/** Nobody acts for a name once a later owner has begun to. */
function assertFenced(of: readonly Holder[]): void {
  const all = of.flatMap((holder) => holder.happened.map((one) => ({ ...one, holder })));
  const owners = new Map<string, Holder>();
  let acts = 0;
  for (const { kind, name, holder } of all.sort((a, b) => a.at - b.at)) {
    if (kind === "gained") owners.set(name, holder);
    if (kind !== "acted") continue;
    acts += 1;
    assert.ok(owners.get(name) === holder, `${name} was acted for by an earlier owner`);
  }
  assert.ok(acts > 0, "somebody acted");
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `partition ${n}`);
const heldBy = (of: readonly Holder[]): number[] => of.map((one) => one.held().length);
const nowOnTheWall = (): number => performance.timeOrigin + performance.now();

function hold(options: Partial<LeaseOptions> & Pick<LeaseOptions, "group" | "names">): LeaseHolder {
  const idle = async (): Promise<void> => undefined;
  return holdLeases({ bus, log, instance: "here", ttlMs: TTL_MS, onGained: idle, onLost: idle, ...options });
}

leases.after(async () => {
  await Promise.all(holders.map((one) => end(one, "SIGKILL")));
  await bus.close();
  await nats.stop();
});

leases("one who is alone takes everything, and shares when others come", async () => {
  const names = numbered(8);
  const first = startHolder("share", names);
  await until("it has all", () => first.held().length === 8);
  const second = startHolder("share", names);
  await until("each has half", () => `${heldBy([first, second])}` === "4,4");
  const third = startHolder("share", names);
  const all = [first, second, third];
  await until("nobody has more than a third, rounded up", () => {
    const counts = heldBy(all);
    return counts.every((count) => count <= 3) && counts.reduce((sum, one) => sum + one) === 8;
  });
  await end(second, "SIGTERM");
  await until("the others have its share", () => `${heldBy([first, third])}` === "4,4");
  assertFenced(all);
  await Promise.all(all.map((one) => end(one, "SIGTERM")));
});

leases("when one is killed, the others take over soon after its leases end", async () => {
  const names = numbered(6);
  const pair = [startHolder("kill", names), startHolder("kill", names)] as const;
  await until("each has half", () => `${heldBy(pair)}` === "3,3");
  const [victim, heir] = pair;
  await end(victim, "SIGKILL");
  const killedAt = nowOnTheWall();
  await until("the other has all", () => heir.held().length === 6);
  assert.ok(nowOnTheWall() - killedAt < TTL_MS + SLACK_MS, "work resumes in time");
  assertFenced(pair);
  await end(heir, "SIGTERM");
});

leases("one who wakes after its leases ended notices before it acts", async () => {
  const names = numbered(4);
  const sleeper = startHolder("sleep", names);
  await until("it has all", () => sleeper.held().length === 4);
  const heir = startHolder("sleep", names);
  await until("each has half", () => `${heldBy([sleeper, heir])}` === "2,2");
  sleeper.child.kill("SIGSTOP");
  await until("the heir has all", () => heir.held().length === 4);
  const before = sleeper.happened.length;
  sleeper.child.kill("SIGCONT");
  await until("it gives half back", () => `${heldBy([sleeper, heir])}` === "2,2");
  const woken = sleeper.happened.slice(before);
  assert.is(woken.find((one) => one.kind !== "acted")?.kind, "lost", "it learns first that it lost");
  assertFenced([sleeper, heir]);
  await Promise.all([end(sleeper, "SIGTERM"), end(heir, "SIGTERM")]);
});

leases("a name is let go when the work on it has ended, not earlier", async () => {
  const ended = Promise.withResolvers<void>();
  const first = hold({ group: "slow", names: () => ["x"], onLost: () => ended.promise });
  await until("it has it", () => first.held.has("x"));
  const second = hold({ group: "slow", names: () => ["x"] });
  const closing = first.close();
  // The first goes on renewing, so that the second gets nothing, though the lease would have ended long ago.
  await new Promise((resolve) => setTimeout(resolve, TTL_MS * 1.5));
  assert.is(second.held.size, 0);
  ended.resolve();
  await closing;
  await until("the second has it", () => second.held.has("x"));
  await second.close();
});

leases("one who leaves makes room at once, though it still has something to end", async () => {
  const ended = Promise.withResolvers<void>();
  const names = () => numbered(4);
  const onLost = (name: string) => (name === "partition 3" ? ended.promise : Promise.resolve());
  const first = hold({ group: "leave", names, onLost });
  await until("it has all", () => first.held.size === 4);
  const closing = first.close();
  const second = hold({ group: "leave", names });
  await until("the second has all that is free", () => second.held.size === 3);
  ended.resolve();
  await closing;
  await until("and then the last", () => second.held.size === 4);
  await second.close();
});

leases("who had no room takes over from the dead as soon as who had", async () => {
  const victim = startHolder("full", ["b"]);
  await until("it has b", () => victim.held().length === 1);
  let names = ["a"];
  const heir = hold({ group: "full", names: () => names });
  await until("it has its share", () => heir.held.has("a"));
  names = ["a", "b"];
  await new Promise((resolve) => setTimeout(resolve, TTL_MS));
  await end(victim, "SIGKILL");
  const killedAt = performance.now();
  await until("the heir has both", () => heir.held.has("b"));
  assert.ok(performance.now() - killedAt < TTL_MS * 1.4, "and not a whole lease after it had room");
  await heir.close();
});

leases("says that a holder is overdue before its lease ends", async () => {
  const told: string[] = [];
  const sleeper = startHolder("overdue", ["x"]);
  await until("it has it", () => sleeper.held().length === 1);
  const heir = hold({
    group: "overdue",
    names: () => ["x"],
    onOverdue: (name) => void told.push(`${name} is overdue`),
    onGained: async (name) => void told.push(`${name} is gained`),
  });
  await new Promise((resolve) => setTimeout(resolve, TTL_MS));
  assert.equal(told, [], "who renews is not overdue");
  sleeper.child.kill("SIGSTOP");
  await until("the heir has it", () => heir.held.has("x"));
  assert.equal(told, ["x is overdue", "x is gained"]);
  await Promise.all([end(sleeper, "SIGKILL"), heir.close()]);
});

leases("names come and go while it runs", async () => {
  let names = ["a", "b.with dots"];
  const lost: string[] = [];
  const holder = hold({
    group: "change",
    names: () => names,
    onLost: async (name) => void lost.push(name),
  });
  await until("both", () => holder.held.size === 2);
  names = ["b.with dots", "c"];
  holder.review();
  await until("the new one, and the old one gone", () => holder.held.has("c") && !holder.held.has("a"));
  assert.equal(lost, ["a"]);
  await holder.close();
  assert.equal(lost.sort(), ["a", "b.with dots", "c"]);
});

leases("work that can't begin is tried again later, and is not held meanwhile", async () => {
  let begun = 0;
  const holder = hold({
    group: "failing",
    names: () => ["x"],
    onGained: async () => {
      begun += 1;
      throw new Error("not now");
    },
  });
  await until("it let go", () => begun === 1 && holder.held.size === 0);
  const other = hold({ group: "failing", names: () => ["x"] });
  await until("another has it", () => other.held.has("x"));
  assert.is(begun, 1);
  await Promise.all([holder.close(), other.close()]);
});

leases("a name whose record can't be read keeps nobody from the others", async () => {
  const key = (name: string): string => `unreadable.${Buffer.from(name).toString("hex")}`;
  await (await bus.kv("leases")).put(key("x"), "by another release");
  const holder = hold({ group: "unreadable", names: () => ["x", "y", "z"] });
  await until("it has the others", () => holder.held.has("y") && holder.held.has("z"));
  assert.not(holder.held.has("x"));
  await (await bus.kv("leases")).delete(key("x"));
  await until("it has that one too", () => holder.held.has("x"));
  await holder.close();
});

leases("who stood still for longer than a lease has at once what nobody took", async () => {
  const names = numbered(3);
  const ttlMs = 2_000;
  const holder = hold({ group: "still", names: () => names, ttlMs });
  const before = await until("it has all", () => holder.held.size === 3 && [...holder.held.values()]);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ttlMs + 100);
  const wholeLease = pause(ttlMs, "not within a lease");
  const regained = until("it has all again", () => {
    const held = names.map((name) => holder.held.get(name));
    return held.every((lease) => lease?.valid && !before.includes(lease)) && "at once";
  });
  assert.is(await Promise.race([regained, wholeLease]), "at once");
  assert.not.ok(before.some(({ valid }) => valid));
  await holder.close();
});

leases("a lease ends by itself when NATS is gone, and comes back with it", async () => {
  const holder = hold({ group: "outage", names: () => ["x"] });
  const lease = await until("it has it", () => holder.held.get("x"));
  await nats.kill();
  await until("it is lost", () => lease.lost.aborted && !lease.valid);
  await nats.restart();
  await until("a new one", () => holder.held.get("x")?.valid && holder.held.get("x") !== lease);
  assert.is(lease.valid, false, "the lease that was lost stays lost");
  await holder.close();
});

leases.run();
