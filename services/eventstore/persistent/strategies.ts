// Which consumer gets a message. Undefined: the one that it belongs to is full, so it waits and others may pass.
import type { Consumer } from "./consumer.ts";
import { hasRoom } from "./consumer.ts";
import type { Strategy } from "./settings.ts";

interface Pinnable {
  /** A hash of the stream that the message comes from. */
  readonly pin: number;
}

export type Choose = (consumers: readonly Consumer[], message: Pinnable) => Consumer | undefined;

export function chooserFor(strategy: Strategy): Choose {
  switch (strategy) {
    case "RoundRobin":
      return roundRobin();
    case "DispatchToSingle":
      return (consumers) => consumers.find(hasRoom);
    case "Pinned":
    case "PinnedByCorrelation":
      return pinned;
  }
}

function roundRobin(): Choose {
  let turn = 0;
  return (consumers) => {
    for (let step = 0; step < consumers.length; step++) {
      const at = (turn + step) % consumers.length;
      const consumer = consumers[at];
      if (consumer && hasRoom(consumer)) {
        turn = at + 1;
        return consumer;
      }
    }
    return undefined;
  };
}

/** The consumer with the highest score for the stream: one that comes or goes moves only its own streams. */
function pinned(consumers: readonly Consumer[], { pin }: Pinnable): Consumer | undefined {
  let best: Consumer | undefined;
  let bestScore = -1;
  for (const consumer of consumers) {
    const score = scatter(pin ^ scatter(consumer.id));
    if (score > bestScore) {
      best = consumer;
      bestScore = score;
    }
  }
  return best && hasRoom(best) ? best : undefined;
}

/** FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Spreads neighbouring numbers over all of 32 bits. */
function scatter(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
