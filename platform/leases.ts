// Who owns what, for a while: leases on NATS KV, shared fairly among the processes of a group. See docs/decisions/0024.
import { randomUUID } from "node:crypto";
import type { Bus } from "./bus/bus.ts";
import { every } from "./every.ts";
import { type HeldLease, holdLease, type Lease } from "./leases/held-lease.ts";
import { leaseRecords } from "./leases/lease-record.ts";
import { joinPresence } from "./leases/presence.ts";
import { watchLeases } from "./leases/sightings.ts";
import type { Log } from "./log.ts";

export type { Lease } from "./leases/held-lease.ts";

export interface LeaseOptions {
  readonly bus: Bus;
  /** Processes of the same group share the names among them. */
  readonly group: string;
  /** May change while it runs. */
  readonly names: () => readonly string[];
  readonly instance: string;
  /** 5 s unless told. */
  readonly ttlMs?: number;
  readonly onGained: (name: string, lease: Lease) => Promise<void>;
  /** Awaited before the name is given to another. */
  readonly onLost: (name: string) => Promise<void>;
  /** Whoever has the name has missed a renewal and may be dead: time to prepare for taking over, which may never come. */
  readonly onOverdue?: (name: string) => void;
  readonly log: Log;
}

export interface LeaseHolder {
  readonly held: ReadonlyMap<string, Lease>;
  /** Looks at once for names that came or went, instead of a moment later. */
  review(): void;
  /** Ends the work on everything held, then releases it. */
  close(): Promise<void>;
}

interface Free {
  readonly name: string;
  readonly revision: number | undefined;
}

/** After the work on a name could not begin, others may try; hot repetition helps nobody. */
const BACKOFF_MS = 5000;
/** Of a lease's life. */
const RENEW_EVERY = 1 / 3;
/** Of a process with many names somebody else must take many, while all that is in them waits. */
const MAX_AT_ONCE = 8;
/** Whatever is free is seen after this at the latest. */
const REVIEW_EVERY = 1 / 20;

export function holdLeases(options: LeaseOptions): LeaseHolder {
  const { bus, group, names, instance, ttlMs = 5000, onGained, onLost } = options;
  const log = options.log.child({ leases: group });
  const records = leaseRecords(bus, group);
  const sightings = watchLeases(records, ttlMs);
  // Two processes by the same name are still two holders.
  const holder = `${instance}:${randomUUID()}`;
  const held = new Map<string, HeldLease>();
  const gaining = new Map<string, Promise<void>>();
  const ending = new Map<string, Promise<void>>();
  const backoffUntil = new Map<string, number>();
  let closed = false;
  let beats = 0;
  const nextBeat = (): number => ++beats;

  /** Ends our work on a name, then gives the lease back. Runs once, whether it was lost or is given up. */
  function end(lease: HeldLease): Promise<void> {
    const { name } = lease;
    const begun = ending.get(name);
    if (begun) return begun;
    const work = (async () => {
      await gaining.get(name);
      await onLost(name);
    })()
      .catch((error: unknown) => log.error({ err: error, name }, "work on a leased name not ended cleanly"))
      .then(() => lease.release())
      .catch((error: unknown) => log.warn({ err: error, name }, "lease not released, it must expire"))
      .finally(() => {
        held.delete(name);
        ending.delete(name);
        presence.sayReleased(name);
        rebalance();
      });
    ending.set(name, work);
    return work;
  }

  function begin(lease: HeldLease): void {
    const { name } = lease;
    held.set(name, lease);
    lease.lost.addEventListener("abort", () => void end(lease), { once: true });
    const start = (async () => onGained(name, lease))()
      .catch((error: unknown) => {
        log.error({ err: error, name }, "work on a leased name not begun");
        backoffUntil.set(name, performance.now() + BACKOFF_MS);
        // Not from within the promise that ending waits for.
        setImmediate(() => void end(lease));
      })
      .finally(() => gaining.delete(name));
    gaining.set(name, start);
  }

  /** Its record, when it may be taken. Who has no room looks as well: whose time will be over is only known to who watched. */
  async function look(name: string): Promise<Free | undefined> {
    const record = await records.read(name);
    // Of a lease that ended because this process or NATS stood still: our work on it is over, so nobody's time has to run out.
    const isLeftByUs = record?.owner?.holder === holder;
    return isLeftByUs || sightings.isFree(name, record) ? { name, revision: record?.revision } : undefined;
  }

  async function take({ name, revision: seen }: Free): Promise<void> {
    if (closed || held.has(name)) return;
    const since = performance.now();
    const revision = await records.write(name, { holder, instance, beat: nextBeat() }, seen);
    if (revision === undefined) return;
    const silentMs = Math.round(sightings.silentMs(name) ?? 0);
    log.info({ name, silentMs }, "lease gained");
    sightings.forget(name);
    const lease = holdLease({ name, records, holder, instance, ttlMs, revision, since, nextBeat, log });
    if (closed) await lease.release();
    else begin(lease);
  }

  /** Those that somebody else has, or nobody, and whose time has come. */
  function candidates(wanted: ReadonlySet<string>): string[] {
    const now = performance.now();
    const foreign = [...wanted].filter(
      (name) => !held.has(name) && sightings.isDue(name) && (backoffUntil.get(name) ?? 0) <= now,
    );
    // Rivals begin at different places.
    const first = Math.floor(Math.random() * foreign.length);
    return [...foreign.slice(first), ...foreign.slice(0, first)];
  }

  /** The same for everybody, rounded up. */
  const share = (): number => Math.ceil(names().length / (presence.others() + 1));

  async function balance(): Promise<void> {
    const wanted = new Set(names());
    const surplus = [...held.values()].filter(({ name }) => !wanted.has(name));
    const kept = [...held.values()].filter(({ name }) => wanted.has(name) && !ending.has(name));
    surplus.push(...kept.slice(share()));
    for (const lease of surplus) void end(lease);
    sightings.keepOnly(wanted);
    for (const name of wanted) if (sightings.isNewlyOverdue(name)) options.onOverdue?.(name);
    const left = candidates(wanted);
    const failed: PromiseRejectedResult[] = [];
    while (left.length > 0 && !closed) {
      const looked = await Promise.allSettled(left.splice(0, MAX_AT_ONCE).map(look));
      const free = looked.flatMap((one) => (one.status === "fulfilled" ? (one.value ?? []) : []));
      const unread = looked.filter((one) => one.status === "rejected");
      failed.push(...unread);
      // Never more than there is room for, so that a process doesn't outrun its share.
      const room = (): number => Math.max(0, share() - held.size);
      while (free.length > 0 && room() > 0) await Promise.all(free.splice(0, room()).map(take));
      // A record that can't be read keeps nobody from the others; where none can, NATS is away.
      if (unread.length === looked.length) break;
    }
    if (failed[0] !== undefined) throw failed[0].reason;
  }

  let balancing: Promise<void> | undefined;
  let again = false;

  /** One at a time; what changes meanwhile is looked at right after. */
  function rebalance(): void {
    if (closed) return;
    if (balancing) {
      again = true;
      return;
    }
    again = false;
    balancing = balance()
      .catch((error: unknown) => log.warn({ err: error }, "leases not taken yet"))
      .finally(() => {
        balancing = undefined;
        if (again) rebalance();
      });
  }

  const presence = joinPresence({
    bus,
    group,
    holder,
    ttlMs,
    onChange: rebalance,
    onReleased(name) {
      if (name !== undefined) sightings.forget(name);
      rebalance();
    },
  });
  const endRenewals = every({
    ms: ttlMs * RENEW_EVERY,
    work() {
      for (const lease of held.values()) if (lease.valid) void lease.renew();
    },
  });
  const endReviews = every({ ms: ttlMs * REVIEW_EVERY, work: rebalance });
  void presence.introduce().then(rebalance);

  return {
    held,
    review: rebalance,
    async close() {
      if (closed) return;
      closed = true;
      // First of all, so that the others may take all of it as soon as it is released.
      presence.leave();
      await balancing;
      await Promise.all(Array.from(held.values(), end));
      endRenewals();
      endReviews();
      await Promise.all([presence.close(), sightings.close()]);
    },
  };
}
