// Who else is there: each process of a group says so regularly, at once when somebody new asks, and when it leaves.
import { z } from "zod";
import type { Requests } from "../bus/requests.ts";

const news = z.object({
  instance: z.string(),
  /** Null for as many as there are. */
  capacity: z.number().nullable(),
  /** "hello" wants to hear from the others; "released" says that names are free. */
  saying: z.enum(["hello", "here", "released", "bye"]),
});
type Saying = z.infer<typeof news>["saying"];

export interface Presence {
  /** The capacities of the others. */
  others(): number[];
  /** Resolves when whoever is there has had time to say so. */
  introduce(): Promise<void>;
  say(saying: Saying): void;
  close(): Promise<void>;
}

export interface PresenceOptions {
  readonly bus: Pick<Requests, "broadcast" | "listen">;
  readonly group: string;
  readonly instance: string;
  readonly capacity: number;
  /** Who is not heard of for so long is gone. */
  readonly ttlMs: number;
  /** Somebody came or left, or names became free. */
  readonly onChange: () => void;
}

const ANSWERS_MS = 150;

export function joinPresence(options: PresenceOptions): Presence {
  const { bus, group, instance, capacity, ttlMs, onChange } = options;
  const subject = `presence.${group}`;
  const heard = new Map<string, { readonly capacity: number; readonly at: number }>();

  const say = (saying: Saying): void => {
    const told = { instance, capacity: Number.isFinite(capacity) ? capacity : null, saying };
    bus.broadcast(subject, Buffer.from(JSON.stringify(told)));
  };

  const listening = bus.listen(subject, (data) => {
    const told = news.parse(JSON.parse(Buffer.from(data).toString()));
    if (told.instance === instance) return;
    const known = heard.has(told.instance);
    if (told.saying === "bye") {
      heard.delete(told.instance);
    } else {
      heard.set(told.instance, {
        capacity: told.capacity ?? Number.POSITIVE_INFINITY,
        at: performance.now(),
      });
    }
    if (told.saying === "hello") say("here");
    if (told.saying !== "here" || !known) onChange();
  });
  const beat = setInterval(() => say("here"), ttlMs / 3);

  return {
    say,
    others() {
      const oldest = performance.now() - ttlMs;
      for (const [other, { at }] of heard) if (at < oldest) heard.delete(other);
      return Array.from(heard.values(), (one) => one.capacity);
    },
    introduce() {
      say("hello");
      return new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
    },
    async close() {
      clearInterval(beat);
      say("bye");
      await listening.close();
    },
  };
}
