// One connection of a group, as the group sees it: how much it may hold, and how it has done so far.
import { Latencies } from "./latencies.ts";

export interface Consumer {
  readonly id: number;
  /** The most messages that it may hold unsettled. */
  readonly slots: number;
  held: number;
  /** Its connection takes no more for now. */
  paused: boolean;
  delivered: number;
  readonly latencies: Latencies | undefined;
}

export function newConsumer(id: number, slots: number, measured: boolean): Consumer {
  return {
    id,
    slots: Math.max(slots, 1),
    held: 0,
    paused: false,
    delivered: 0,
    latencies: measured ? new Latencies() : undefined,
  };
}

export function hasRoom(consumer: Consumer): boolean {
  return !consumer.paused && consumer.held < consumer.slots;
}
