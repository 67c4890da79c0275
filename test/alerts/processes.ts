// Alerts that processes cause which die, hang or are slow.
import { setTimeout as pause } from "node:timers/promises";
import type { WatchedYard } from "../../deploy/prometheus/fixtures/watched-yard.ts";
import { until } from "../harness/wait.ts";
import { type Cause, lead, whenOver } from "./cause.ts";

/** Stopped where it stands, until the work is done. */
async function whileFrozen(yard: WatchedYard, name: string, work: () => Promise<unknown>): Promise<void> {
  const pid = yard.pid(name);
  process.kill(pid, "SIGSTOP");
  try {
    await work();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** One submission after the other, whatever becomes of them. */
async function keepSubmitting({ client }: WatchedYard, everyMs: number, isOver: AbortSignal): Promise<void> {
  const sent: Promise<unknown>[] = [];
  while (!isOver.aborted) {
    sent.push(client.submit(lead({ interest: "Education" })).catch(() => undefined));
    await pause(everyMs);
  }
  await Promise.all(sent);
}

export const frozenForAMoment: Cause = {
  alerts: ["SwitchyardEventLoopLag"],
  what: "the process of the lead actors stands still for a second and a half (SIGSTOP, SIGCONT)",
  async bring(yard, isOver) {
    while (!isOver.aborted) {
      await whileFrozen(yard, yard.processOf("leads"), () => pause(1_500));
      await pause(3_000);
    }
  },
};

export const slowAnswers: Cause = {
  alerts: ["SwitchyardAckSlow"],
  what: "the event store stands still for half a second, again and again",
  async bring(yard, isOver) {
    const sending = keepSubmitting(yard, 50, isOver);
    while (!isOver.aborted) {
      await whileFrozen(yard, "event store", () => pause(500));
      await pause(100);
    }
    await sending;
  },
};

export const unavailable: Cause = {
  alerts: ["SwitchyardErrorBudgetBurnFast", "SwitchyardErrorBudgetBurnSlow", "SwitchyardDependencyDown"],
  what: "the event store stands still while submissions come in: each gets a 503 within five seconds",
  async bring(yard, isOver) {
    await whileFrozen(yard, "event store", () => keepSubmitting(yard, 200, isOver));
  },
};

export const withoutNats: Cause = {
  alerts: ["SwitchyardDependencyDown"],
  what: "NATS stands still, which its clients notice after 15 seconds",
  bring: (yard, isOver) => whileFrozen(yard, "NATS", () => whenOver(isOver)),
};

export const killedAgainAndAgain: Cause = {
  alerts: ["SwitchyardWorkerRestarts"],
  what: "the simulator is killed as soon as it is back, six times",
  async bring(yard, isOver) {
    for (let deaths = 0; deaths < 6; deaths += 1) {
      const pid = yard.pid("simulator");
      process.kill(pid, "SIGKILL");
      await until("the simulator is started again", () => {
        const next = yard.pid("simulator");
        return next !== pid && next;
      });
    }
    await whenOver(isOver);
  },
};

export const frozen: Cause = {
  alerts: ["SwitchyardWorkerDown"],
  what: "the process of the lead actors hangs (SIGSTOP): its roles are lost after five seconds",
  bring: (yard, isOver) => whileFrozen(yard, yard.processOf("leads"), () => whenOver(isOver)),
};

export const away: Cause = {
  alerts: ["SwitchyardDown"],
  what: "the gateway hangs (SIGSTOP)",
  bring: (yard, isOver) => whileFrozen(yard, "gateway", () => whenOver(isOver)),
};
