// Who else is there: each process of a group says so regularly, at once when somebody new asks, and when it leaves.
import { z } from "zod";
import type { Requests } from "../bus/requests.ts";

const news = z.object({
  instance: z.string(),
  /** Null for as many as there are. */
  capacity: z.number().nullable(),
  /** "hello" wants to hear from the others; "released" says that a name is free. */
  saying: z.enum(["hello", "here", "released", "bye"]),
  name: z.string().optional(),
});
type News = Pick<z.infer<typeof news>, "saying" | "name">;

export interface Presence {
  /** The capacities of the others. */
  others(): number[];
  /** Resolves when whoever is there has had time to say so. */
  introduce(): Promise<void>;
  /** To whoever waits for this name. */
  sayReleased(name: string): void;
  /** Counts no more from now on, though it may still have names to release. */
  leave(): void;
  close(): Promise<void>;
}

export interface PresenceOptions {
  readonly bus: Pick<Requests, "broadcast" | "listen">;
  readonly group: string;
  readonly instance: string;
  readonly capacity: number;
  /** Who is not heard of for so long is gone. */
  readonly ttlMs: number;
  /** Somebody came or left. */
  readonly onChange: () => void;
  readonly onReleased: (name: string | undefined) => void;
}

const ANSWERS_MS = 150;

export function joinPresence(options: PresenceOptions): Presence {
  const { bus, group, instance, capacity, ttlMs, onChange, onReleased } = options;
  const subject = `presence.${group}`;
  const heard = new Map<string, { readonly capacity: number; readonly at: number }>();

  let hasLeft = false;

  const say = (what: News): void => {
    const told = { instance, capacity: Number.isFinite(capacity) ? capacity : null, ...what };
    bus.broadcast(subject, Buffer.from(JSON.stringify(told)));
  };

  const listening = bus.listen(subject, (data) => {
    const told = news.parse(JSON.parse(Buffer.from(data).toString()));
    if (told.instance === instance) return;
    if (told.saying === "released") {
      onReleased(told.name);
      return;
    }
    const known = heard.has(told.instance);
    if (told.saying === "bye") {
      heard.delete(told.instance);
    } else {
      heard.set(told.instance, {
        capacity: told.capacity ?? Number.POSITIVE_INFINITY,
        at: performance.now(),
      });
    }
    if (told.saying === "hello" && !hasLeft) say({ saying: "here" });
    if (told.saying !== "here" || !known) onChange();
  });
  const beat = setInterval(() => say({ saying: "here" }), ttlMs / 3);

  function leave(): void {
    if (hasLeft) return;
    hasLeft = true;
    clearInterval(beat);
    say({ saying: "bye" });
  }

  return {
    sayReleased: (name) => say({ saying: "released", name }),
    leave,
    others() {
      const oldest = performance.now() - ttlMs;
      for (const [other, { at }] of heard) if (at < oldest) heard.delete(other);
      return Array.from(heard.values(), (one) => one.capacity);
    },
    introduce() {
      say({ saying: "hello" });
      return new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
    },
    async close() {
      leave();
      await listening.close();
    },
  };
}
