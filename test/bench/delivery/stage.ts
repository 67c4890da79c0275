// One process that delivers, on a real event store, JetStream and PostgreSQL, with partners in a process of their own.
import type { PartnerId } from "#domain/ids.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import { leaseRecords } from "#platform/leases/lease-record.ts";
import { startRelay } from "../../../services/relay/app.ts";
import { until } from "../../harness/wait.ts";
import { type Worker, workersOf } from "../../leads/workers.ts";
import { type PartnerYard, startPartnerYard } from "../../partners/yard.ts";
import { type Child, startChild } from "../pipeline/child.ts";
import type { PartnersApi } from "./partners.ts";

const DEADLINE_MS = 180_000;
const AT_ONCE = 250;

export interface Stage {
  readonly yard: PartnerYard;
  readonly partners: Child<PartnersApi>;
  /** At the partners' process, unless the settings say otherwise. */
  configure(id: string, settings?: object): Promise<PartnerId>;
  startWorker(): Promise<Worker>;
  /** Routes so many to each of them, in turn, as fast as it goes or so many to each in a second. */
  route(to: readonly PartnerId[], each: number, perSecond?: number): Promise<void>;
  /** Waits until nothing of theirs is in a mailbox. */
  empty(of: readonly PartnerId[]): Promise<void>;
  /** Waits until somebody owns each of them. */
  owned(of: readonly PartnerId[]): Promise<void>;
  stop(): Promise<void>;
}

/** `nodeOptions`: of the process that delivers. */
export async function startStage(nodeOptions?: string): Promise<Stage> {
  const yard = await startPartnerYard({}, { durable: true });
  const partners = startChild<PartnersApi>(new URL("./partners.ts", import.meta.url).pathname);
  const url = await partners.call("start");
  const workers = workersOf(yard, "error", "partners", nodeOptions);
  await yard.start("relay", startRelay);
  const bus = await yard.own.bus();

  return {
    yard,
    partners,
    configure: (id, settings = {}) =>
      yard.configure(id, {
        delivery: { type: "http", url: `${url}/${id}`, timeout_ms: 5_000 },
        limits: { concurrency: 64 },
        ...settings,
      }),
    startWorker: () => workers.start("worker"),
    async route(to, each, perSecond) {
      const began = performance.now();
      for (let from = 0; from < each; ) {
        const due =
          perSecond === undefined ? AT_ONCE : ((performance.now() - began) / 1_000) * perSecond - from;
        const count = Math.min(each - from, Math.ceil(Math.max(0, due)), AT_ONCE);
        await Promise.all(
          to.flatMap((partner) =>
            Array.from({ length: count }, () =>
              yard.route(partner, { sent_at: Date.now(), same: "the same" }),
            ),
          ),
        );
        from += count;
        if (perSecond !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async empty(of) {
      const left = async (partner: PartnerId): Promise<number> => {
        const queue = await bus.consumerState(partnerMailbox(partner));
        return queue === undefined ? 1 : queue.pending + queue.ackPending;
      };
      await until(
        "their mailboxes are empty",
        async () => (await Promise.all(of.map(left))).every((count) => count === 0),
        DEADLINE_MS,
      );
    },
    async owned(of) {
      const records = leaseRecords(bus, "partners");
      await until(
        "somebody owns each of them",
        async () =>
          (await Promise.all(of.map((one) => records.read(one)))).every((one) => one?.owner !== undefined),
        DEADLINE_MS,
      );
    },
    async stop() {
      await workers.killAll();
      await partners.stop();
      await yard.stop();
    },
  };
}

/** Waits until the partners have got so many deliveries. */
export async function haveArrived({ partners }: Stage, of: readonly string[], count: number): Promise<void> {
  await until(
    `${count} have arrived`,
    async () => (await partners.call("arrived", of)).count >= count,
    DEADLINE_MS,
  );
}
