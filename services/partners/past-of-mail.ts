// What the index says about the deliveries that mails ask for: looked up once for a batch, and again where that is too old by then.
import type { DeliveryId } from "#domain/ids.ts";
import { needsPast, type Past, pastFor } from "#domain/partner/past.ts";
import { type PartnerState, stageOf } from "#domain/partner/state.ts";
import type { DedupeKeys } from "./dedupe-keys.ts";
import type { PartnerWriter } from "./partner-writer.ts";
import type { DeliveryMail } from "./read-mail.ts";
import type { SnapshotsOfPartner } from "./snapshots.ts";

export interface PastOfMail {
  /** Undefined where nothing is known yet, and where nothing has to be. */
  known(delivery: DeliveryMail, key: string | undefined): Past | undefined;
  /** Rejects while the index can't be asked. */
  get(delivery: DeliveryMail, key: string | undefined): Promise<Past | undefined>;
  /** Looks up what has to be known about them before any of them begins. */
  prepare(deliveries: readonly DeliveryMail[]): Promise<void>;
  hasEnded(delivery: DeliveryMail, state: PartnerState): boolean;
}

export interface PastOfMailParts {
  readonly writer: Pick<PartnerWriter, "state">;
  readonly snapshots: Pick<SnapshotsOfPartner, "lookUp">;
  readonly dedupeKey: DedupeKeys["known"];
}

export function createPastOfMail({ writer, snapshots, dedupeKey }: PastOfMailParts): PastOfMail {
  const lookedUp = new WeakMap<DeliveryMail, { readonly past: Past; readonly key: string | undefined }>();

  const isNeeded = (id: DeliveryId): boolean => writer.state === undefined || needsPast(writer.state, id);

  function known(delivery: DeliveryMail, key: string | undefined): Past | undefined {
    const found = lookedUp.get(delivery);
    if (found === undefined || (key !== undefined && found.key !== key)) return undefined;
    return writer.state === undefined ? undefined : pastFor(writer.state, found.past);
  }

  async function get(delivery: DeliveryMail, key: string | undefined): Promise<Past | undefined> {
    const { delivery_id } = delivery.about;
    if (!isNeeded(delivery_id)) return undefined;
    const found = known(delivery, key);
    if (found !== undefined) return found;
    const past = await snapshots.lookUp({ delivery_id, dedupe_key: key });
    if (past !== undefined) lookedUp.set(delivery, { past, key });
    return past;
  }

  function keyOf(delivery: DeliveryMail): string | undefined {
    const found = delivery.content.readable ? dedupeKey(delivery) : undefined;
    return found !== undefined && "key" in found ? found.key : undefined;
  }

  return {
    known,
    get,
    async prepare(deliveries) {
      await Promise.all(deliveries.map((delivery) => get(delivery, keyOf(delivery))));
    },
    hasEnded(delivery, state) {
      const stage = stageOf(state, delivery.about.delivery_id);
      return stage === "ended" || (stage === "expected" && known(delivery, undefined)?.ended === true);
    },
  };
}
