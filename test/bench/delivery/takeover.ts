// A partner with a long life: read from its start once, then taken over from a snapshot and what came after it.
import { PartnerId } from "#domain/ids.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import { createLog } from "#platform/log.ts";
import { openPartnerWriter } from "../../../services/partners/partner-writer.ts";
import { openPartnerSnapshots } from "../../../services/partners/snapshots.ts";
import { startTestYard, type TestYard } from "../../leads/yard.ts";
import { appendPast } from "../../partners/past.ts";
import { seconds } from "../eventstore/measure.ts";

const TARGET_S = 3;
const ROUNDS = 3;
/** As many events as a takeover reads at most. */
const TAIL = 2_400;
const log = createLog({ level: "error", name: "bench", instance: "bench" });

export async function takeover(deliveries: number): Promise<void> {
  const yard = await startTestYard({}, { durable: true });
  try {
    const partner = PartnerId.parse("long");
    const eventStore = yard.own.eventStore();
    let began = performance.now();
    await appendPast(eventStore, partner, 0, deliveries);
    const many = deliveries.toLocaleString("en");
    console.log(`${many} past deliveries, appended in ${seconds(began).toFixed(0)} s`);
    began = performance.now();
    const { snapshots, opened } = await openOwner(yard, partner);
    console.log(`read from the start, without a snapshot: ${opened.toFixed(1)} s`);
    await snapshots.written();
    console.log(
      `what has ended in the index, and the snapshot written: after ${seconds(began).toFixed(1)} s`,
    );
    await appendPast(eventStore, partner, deliveries, TAIL);
    for (let round = 0; round < ROUNDS; round += 1) {
      const again = await openOwner(yard, partner);
      const { ended, use } = again.state();
      if (use.total !== deliveries + TAIL || ended.size !== TAIL)
        throw new Error(`the state knows ${use.total} deliveries, ${ended.size} of them by name`);
      console.log(
        `taken over, with a tail of ${TAIL * 2} events: ${again.opened.toFixed(2)} s (target ${TARGET_S} s)`,
      );
    }
  } finally {
    await yard.stop();
  }
}

export async function openOwner({ own }: TestYard, partner: PartnerId) {
  const began = performance.now();
  const { delivery: _, ...config } = PartnerConfig.parse({
    name: "Long",
    delivery: { type: "http", url: "http://localhost/" },
  });
  const snapshots = (await openPartnerSnapshots({ database: own.database(), log })).of(partner);
  const writer = openPartnerWriter({
    partner,
    policy: () => config,
    attempts: new Map(),
    mayWrite: () => true,
    eventStore: own.eventStore(),
    onLoaded: () => undefined,
    snapshots,
    log,
  });
  await writer.open();
  const state = () => {
    if (writer.state === undefined) throw new Error("the partner's state is not loaded");
    return writer.state;
  };
  return { snapshots, state, opened: seconds(began) };
}
