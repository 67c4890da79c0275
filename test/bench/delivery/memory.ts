// What many partners, and many held deliveries, cost the process that delivers.
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PartnerId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { newUuid } from "#platform/ids.ts";
import { startTestYard, type TestYard } from "../../leads/yard.ts";
import { pastDelivery } from "../../partners/past.ts";
import { residentMb, seconds } from "../eventstore/measure.ts";
import { haveArrived, startStage } from "./stage.ts";
import { openOwner } from "./takeover.ts";

const codec = createCodec(partnerEvents);
const AT_ONCE = 500;
const HELD_TARGET_MB = 100;
const EACH = 3;
const PER_SECOND = 0.25;
/** A heap that may grow does; this is what Node makes of a container of some 300 MB. */
const SMALL = "--max-old-space-size=128 --max-semi-space-size=4";
const SETTLING_MS = 15_000;

/** Each gets a few deliveries, so that all that an actor needs was used. */
export async function manyPartners(count: number): Promise<void> {
  const stage = await startStage(SMALL);
  try {
    const ids = Array.from({ length: count }, (_, n) => `partner-${n}`);
    const partners: PartnerId[] = [];
    for (const id of ids) partners.push(await stage.configure(id));
    const began = performance.now();
    const worker = await stage.startWorker();
    const fresh = residentMb(worker.pid, "VmRSS");
    await stage.owned(partners);
    console.log(`${count} partners owned by one process after ${seconds(began).toFixed(1)} s`);
    await stage.route(partners, EACH, PER_SECOND);
    await haveArrived(stage, ids, count * EACH);
    await stage.empty(partners);
    await pause(SETTLING_MS);
    console.log(
      `${residentMb(worker.pid, "VmRSS").toFixed(0)} MB resident with ${SMALL} (${fresh.toFixed(0)} MB at its start)`,
    );
    console.log(`${residentMb(worker.pid, "VmHWM").toFixed(0)} MB at the most`);
  } finally {
    await stage.stop();
  }
}

/** What the owner's state takes, once what was read for it is gone, and how it opens from its snapshot. */
export async function heldDeliveries(count: number): Promise<void> {
  const yard = await startTestYard({}, { durable: true });
  try {
    const partner = PartnerId.parse("holds-many");
    await appendHeld(yard, partner, count);
    await openOwner(yard, PartnerId.parse("holds-none"));
    const before = liveMb();
    const owner = await openOwner(yard, partner);
    await owner.snapshots.written();
    const megabytes = liveMb() - before;
    const many = count.toLocaleString("en");
    if (owner.state().held.size !== count) throw new Error(`${owner.state().held.size} are held`);
    console.log(`${many} held: ${megabytes.toFixed(0)} MB of the heap (target ${HELD_TARGET_MB} MB)`);
    const again = await openOwner(yard, partner);
    if (again.state().held.size !== count) throw new Error(`${again.state().held.size} are held`);
    console.log(`taken over with them: ${again.opened.toFixed(2)} s`);
  } finally {
    await yard.stop();
  }
}

function liveMb(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

async function appendHeld({ own }: TestYard, partner: PartnerId, count: number): Promise<void> {
  const eventStore = own.eventStore();
  let revision: bigint | "no_stream" = "no_stream";
  for (let from = 0; from < count; from += AT_ONCE) {
    const events = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => {
      const { delivery_id, submission_id } = pastDelivery(from + n);
      const data = { partner, delivery_id, submission_id, attempts: 0, reason: "cap_total" };
      const event: PartnerEvent = { type: "DeliveryHeld", data };
      return codec.encode(event, { id: newUuid(), at: new Date().toISOString() });
    });
    ({ revision } = await eventStore.append(partnerStream(partner), revision, events));
  }
}
