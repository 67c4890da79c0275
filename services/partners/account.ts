// A partner's ledger as its owner sees it: opened when needed, opened anew when it broke, and set right after a crash.
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import type { Policy } from "#domain/partner/command.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import { type Ledger, openLedger } from "./ledger.ts";

export interface Account {
  /** The ledger as it was last seen; undefined before it is first open. */
  readonly seen: Ledger | undefined;
  /** A sound ledger; rejects once the account is closed. */
  ledger(): Promise<Ledger>;
  /** The calls that this process has under way; all others that the book knows were interrupted. */
  readonly calling: Map<DeliveryId, number>;
  close(): void;
}

class AccountClosed extends Error {
  override name = "AccountClosed";
}

const BACKOFF = { baseMs: 100, maxMs: 3_000 };

export interface AccountOptions {
  readonly partner: PartnerId;
  readonly policy: () => Policy;
  /** Once it is lost, what looks interrupted in the book may be another owner's call. */
  readonly lease: Lease;
  readonly eventStore: EventStore;
  readonly log: Log;
  readonly onOpened: () => void;
}

export function openAccount({ partner, policy, lease, eventStore, log, onOpened }: AccountOptions): Account {
  const closing = new AbortController();
  const calling = new Map<DeliveryId, number>();
  let current: Ledger | undefined;
  let opening: Promise<Ledger> | undefined;

  const isOurs = (): boolean => !closing.signal.aborted && lease.valid;

  async function open(): Promise<Ledger> {
    for (let failures = 0; isOurs(); failures++) {
      try {
        const opened = await openLedger(partner, { eventStore, log });
        if (!isOurs()) break;
        await settleInterrupted(opened);
        current = opened;
        onOpened();
        return opened;
      } catch (error) {
        log.warn({ err: error }, "the partner's book can't be opened yet");
        await pause(backoffMs(failures, BACKOFF), closing.signal);
      }
    }
    throw new AccountClosed("the partner is not ours any more");
  }

  /** Whoever began these calls is gone without having written how they ended. */
  async function settleInterrupted({ book, write }: Ledger): Promise<void> {
    const now = Date.now();
    const written = [...book.open]
      .filter(([id, delivery]) => delivery.stage === "calling" && calling.get(id) !== delivery.attempts)
      .map(([delivery_id, { submission_id, attempts, started_at }]) => {
        const lost_ms = Math.max(0, now - started_at);
        return write(
          {
            type: "settle",
            partner,
            delivery_id,
            submission_id,
            attempt: attempts,
            verdict: { outcome: "interrupted", reason: "interrupted" },
            timings: { total_ms: lost_ms, partner_ms: 0, overhead_ms: lost_ms },
            at: now,
            chance: 0,
          },
          policy(),
          { id: undefined, trace: undefined },
        ).stored;
      });
    await Promise.all(written);
    if (written.length > 0)
      log.info({ calls: written.length }, "calls that a crash interrupted were settled");
  }

  return {
    calling,
    get seen() {
      return current;
    },
    ledger() {
      if (current !== undefined && !current.broken) return Promise.resolve(current);
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    close: () => closing.abort(),
  };
}
