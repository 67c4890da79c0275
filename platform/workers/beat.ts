// What processes say about the roles that they run, and what their launcher says about those that can't.
import { z } from "zod";
import type { Requests } from "../bus/requests.ts";
import { ROLES } from "../config.ts";
import { readMessage } from "./message.ts";

export const BEAT_MS = 1_000;

const BEAT_SUBJECT = "workers.beat";
/** From whoever has just begun to listen. */
const HELLO_SUBJECT = "workers.hello";

const RoleState = z.object({
  role: z.enum(ROLES),
  state: z.enum(["starting", "running", "stopping", "lost"]),
  /** Since when it is in this state. */
  since: z.iso.datetime(),
});

export const Beat = z.object({
  /** Its name, the same after a restart by the launcher. */
  instance: z.string(),
  /** When this process began; undefined from a launcher that speaks for a process. */
  began: z.number().optional(),
  /** How often the launcher has started it again. */
  restarts: z.int().nonnegative(),
  /** What ended it the last time. */
  reason: z.string().optional(),
  /** Those of a process that has stopped as it should are none. */
  roles: z.array(RoleState),
});
export type Beat = z.infer<typeof Beat>;
export type WorkerState = Beat["roles"][number]["state"];

type Broadcasts = Pick<Requests, "broadcast" | "listen">;

export function sendBeat(bus: Pick<Broadcasts, "broadcast">, beat: Beat): void {
  bus.broadcast(BEAT_SUBJECT, Buffer.from(JSON.stringify(beat)));
}

/** Every process that runs says so at once, and from then on regularly. */
export function listenToBeats(bus: Broadcasts, onBeat: (beat: Beat) => void): { close(): Promise<void> } {
  const listening = bus.listen(BEAT_SUBJECT, (data) => {
    const beat = readMessage(Beat, data);
    if (beat !== undefined) onBeat(beat);
  });
  bus.broadcast(HELLO_SUBJECT, new Uint8Array());
  return listening;
}

export function listenToHellos(bus: Broadcasts, onHello: () => void): { close(): Promise<void> } {
  return bus.listen(HELLO_SUBJECT, onHello);
}
