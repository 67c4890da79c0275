import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { newPartner } from "#domain/partner/state.ts";
import { until } from "../../test/harness/wait.ts";
import { type DrainParts, drainWhenRemoved } from "./drain.ts";

type QueueState = Awaited<ReturnType<DrainParts["bus"]["consumerState"]>>;

const test = suite("the end of a removed partner");
const partner = PartnerId.parse("edu");

/** A removed partner for which nothing waits; what NATS is asked fails as often as it is told to. */
function removed(failing: "rewind" | "delete" | "open" | undefined) {
  let standing: ConfiguredPartner["standing"] = "removed";
  let isDown = true;
  let isOpen = true;
  let pending = 0;
  const called: string[] = [];
  const ending = new AbortController();
  const ask = async (what: "rewind" | "delete" | "open"): Promise<void> => {
    called.push(what);
    if (failing === what && isDown) throw new Error("NATS is away");
  };
  const draining = drainWhenRemoved({
    partner,
    configured: () => ({ standing }) as ConfiguredPartner,
    writer: {
      state: newPartner(),
      open: async () => true,
      write: async () => ({ decision: { accepted: true, events: [] }, position: 1n }),
    } as unknown as DrainParts["writer"],
    bus: {
      consumerState: async () => ({ pending, ackPending: 0 }) as QueueState,
      lastStoredAt: async () => undefined,
      rewindMailbox: () => ask("rewind"),
      deleteMailbox: () => ask("delete"),
    },
    mailbox: { name: "partner-edu" } as DrainParts["mailbox"],
    onBegin: () => undefined,
    isIdle: () => true,
    async closeMailbox() {
      isOpen = false;
    },
    async openMailbox() {
      await ask("open");
      isOpen = true;
    },
    onRetired: () => called.push("retired"),
    signal: ending.signal,
    metrics: { deliveriesTotal: { inc: () => undefined } } as unknown as DrainParts["metrics"],
    log: pino({ level: "silent" }),
  });
  return {
    draining,
    called,
    isOpen: () => isOpen,
    comes: (mails: number) => {
      pending = mails;
    },
    recover: () => {
      isDown = false;
    },
    become(now: ConfiguredPartner["standing"]) {
      standing = now;
      draining.review();
    },
    end: () => ending.abort(),
  };
}

for (const failing of ["rewind", "open"] as const)
  test(`whoever is configured again while its mailbox could not be opened (${failing}) gets its mail`, async () => {
    const { draining, called, isOpen, recover, become, end } = removed(failing);
    draining.review();
    await until("it has failed", () => called.includes(failing));
    become("active");
    recover();
    await until("its mailbox is open", isOpen, 5_000);
    end();
  });

test("one whose mailbox could not be deleted reads what still comes, and is retired later", async () => {
  const { draining, called, isOpen, recover, comes, end } = removed("delete");
  draining.review();
  await until("it has failed", () => called.includes("delete"));
  comes(1);
  await until("its mailbox is open", isOpen, 5_000);
  recover();
  comes(0);
  await until("it is retired", () => called.includes("retired"), 5_000);
  assert.not(isOpen());
  end();
});

test.run();
