// A new log begins with a system event, as the real server's does: who forgets to leave system events out of $all finds
// out here and not in production.
import { randomUUID } from "node:crypto";
import { type EventLog, StoreUnavailable } from "./engine/event-log.ts";

const EPOCH = "$epoch-information";

export async function writeFirstEvent(log: EventLog): Promise<void> {
  if (log.head > 0n) return;
  const epoch = { EpochNumber: 0, EpochId: randomUUID(), TimeStamp: new Date().toISOString() };
  try {
    await log.append(EPOCH, { kind: "no_stream" }, [
      {
        id: epoch.EpochId,
        type: EPOCH,
        contentType: "application/json",
        data: Buffer.from(JSON.stringify(epoch)),
        customMetadata: Buffer.alloc(0),
      },
    ]);
  } catch (error) {
    // A folder that can't be written to is still served for reading; writers get the error.
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}
