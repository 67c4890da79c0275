// How each blow falls, and how it is healed. What can't be done on this machine is said and left out.
import { setTimeout as pause } from "node:timers/promises";
import { behave, configurePartner, configureRules } from "../e2e/demo-partners.ts";
import type { ProcessName } from "../e2e/yard.ts";
import { untilInOwnTime } from "../harness/own-time.ts";
import type { Action, Blow } from "./plan.ts";
import { type ChaosYard, PARTNERS, type PartnerName, RULES } from "./yard.ts";

type Tell = (what: string) => void;

const ADMIN_MS = 60_000;

/** Two blows on one part come one after the other: what is being replaced can't be replaced. */
export function blowsOn(yard: ChaosYard, tell: Tell) {
  const queues = new Map<string, Promise<void>>();

  /** What it does lasts `forMs`; then all is as before. */
  async function strike({ forMs, action }: Blow): Promise<void> {
    switch (action.kind) {
      case "kill":
        return yard.replace(action.part as ProcessName, forMs);
      case "restart": {
        const code = await yard.restart(action.part as ProcessName, forMs);
        // 0 says that it handed back what it had in time.
        if (code !== 0) throw new Error(`${action.part} was told to end, and ended with ${code}`);
        return;
      }
      case "freeze": {
        const pid = pidOf(action.part);
        process.kill(pid, "SIGSTOP");
        await pause(forMs);
        return void process.kill(pid, "SIGCONT");
      }
      case "wipe_jetstream":
        return yard.wipeJetStream();
      case "crash_postgres":
        return yard.postgres.crash();
      case "drop_read_model":
        await yard.database.execute(`drop schema ${action.model} cascade`);
        await pause(forMs);
        return rebuild(action.model);
      case "partner_outage":
        await behaveAs(action.partner, action.behaviour);
        await pause(forMs);
        return behaveAs(action.partner, {});
      case "partition": {
        const way = yard.way(action.process, action.part);
        way.hold();
        await pause(forMs);
        return way.release();
      }
      case "half_open":
        return yard.way(action.process, action.part).lose();
      case "clock_jump":
        if (!yard.setClock(action.process, action.seconds)) tell("left out: libfaketime is not installed");
        await pause(forMs);
        return void yard.setClock(action.process, 0);
      case "full_disk":
        if (!yard.fillDisk()) tell("left out: a small disk can only be mounted by root");
        await pause(forMs);
        return yard.emptyDisk();
      case "configure":
        return configure(action, forMs);
    }
  }

  function pidOf(part: string): number {
    if (part === "nats") return yard.nats.pid;
    if (part === "eventstore") return yard.eventStore().pid;
    return yard.process(part as ProcessName).pid;
  }

  /** An admin call goes to whichever gateway answers, until one has done it. */
  const insist = (what: string, ask: (client: ChaosYard["client"]) => Promise<unknown>): Promise<unknown> => {
    let turn = 0;
    return untilInOwnTime(
      what,
      async () => {
        await ask(yard.clients[turn++ % yard.clients.length] ?? yard.client);
        return true;
      },
      ADMIN_MS,
    );
  };

  const behaveAs = (partner: string, behaviour: object): Promise<void> =>
    behave(yard.simulatorUrl, partner, { ...PARTNERS[partner as PartnerName].behaviour, ...behaviour });

  /** Asked for once: each time it is asked for it begins anew. */
  async function rebuild(model: string): Promise<void> {
    const rebuiltAt = async (client: ChaosYard["client"]): Promise<string | null> => {
      const { status, body } = await client.admin<{ name: string; rebuilt_at: string | null }[]>(
        "GET",
        "/api/projections",
      );
      if (status !== 200) throw new Error(`the read models are answered ${status}`);
      return body.find(({ name }) => name === model)?.rebuilt_at ?? null;
    };
    let before: string | null = null;
    await insist(`the rebuilding of ${model} is asked for`, async (client) => {
      before = await rebuiltAt(client);
      const { status } = await client.admin("POST", `/api/projections/${model}/rebuild`);
      if (status !== 202) throw new Error(`answered ${status}`);
    });
    await insist(`${model} is rebuilt`, async (client) => {
      if ((await rebuiltAt(client)) === before) throw new Error("not yet");
    });
  }

  async function configure(
    { change, partner }: Extract<Action, { kind: "configure" }>,
    forMs: number,
  ): Promise<void> {
    const put = (settings: object): Promise<unknown> =>
      insist(`${partner} is configured`, (client) =>
        configurePartner(client, yard.simulatorUrl, partner, {
          ...PARTNERS[partner as PartnerName].settings,
          ...settings,
        }),
      );
    const post = (what: string): Promise<unknown> =>
      insist(`${partner} takes ${what}`, async (client) => {
        const { status } = await client.admin("POST", `/api/partners/${partner}/${what}`, {});
        if (status >= 300) throw new Error(`${what}: ${status}`);
      });
    const rules = (some: readonly unknown[]): Promise<unknown> =>
      insist("the rules are put", (client) => configureRules(client, [...some]));
    switch (change) {
      case "rules":
        await rules(RULES.slice(-2));
        await pause(forMs);
        return void (await rules(RULES));
      case "paused":
        await post("pause");
        await pause(forMs);
        return void (await post("resume"));
      case "narrow":
        await put({ limits: { concurrency: 1 } });
        await pause(forMs);
        return void (await put({}));
      case "disabled":
        await put({ enabled: false });
        await pause(forMs);
        return void (await put({}));
    }
  }

  return async (blow: Blow): Promise<void> => {
    const target = targetOf(blow.action);
    const before = queues.get(target) ?? Promise.resolve();
    const own = before.catch(() => undefined).then(() => strike(blow));
    queues.set(target, own);
    return own;
  };
}

/** What no two blows may be at once at. */
function targetOf(action: Action): string {
  switch (action.kind) {
    case "kill":
    case "restart":
    case "freeze":
      return action.part;
    case "wipe_jetstream":
      return "nats";
    case "crash_postgres":
    case "drop_read_model":
      return "postgres";
    case "partner_outage":
      return `behaviour ${action.partner}`;
    case "partition":
    case "half_open":
      return `${action.process} ${action.part}`;
    case "clock_jump":
      return `clock ${action.process}`;
    case "full_disk":
      return "disk";
    case "configure":
      return action.change === "rules" ? "rules" : `partner ${action.partner}`;
  }
}
