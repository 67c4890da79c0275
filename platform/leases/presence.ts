// Who else is there: each process of a group says so regularly, at once when somebody new asks, and when it leaves.
import { z } from "zod";
import type { Requests } from "../bus/requests.ts";
import { every } from "../every.ts";

const Message = z.object({
  holder: z.string(),
  /** "hello" wants to hear from the others; "released" says that a name is free. */
  saying: z.enum(["hello", "here", "released", "bye"]),
  name: z.string().optional(),
});
type Message = z.infer<typeof Message>;

export interface Presence {
  /** How many others there are. */
  others(): number;
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
  readonly holder: string;
  /** Who is not heard of for so long is gone. */
  readonly ttlMs: number;
  /** Somebody came or left. */
  readonly onChange: () => void;
  readonly onReleased: (name: string | undefined) => void;
}

const ANSWERS_MS = 150;

export function joinPresence({ bus, group, holder, ttlMs, onChange, onReleased }: PresenceOptions): Presence {
  const subject = `presence.${group}`;
  const heardAt = new Map<string, number>();
  let hasLeft = false;

  const say = (what: Omit<Message, "holder">): void =>
    bus.broadcast(subject, Buffer.from(JSON.stringify({ holder, ...what })));

  const listening = bus.listen(subject, (data) => {
    const message = Message.parse(JSON.parse(Buffer.from(data).toString()));
    if (message.holder === holder) return;
    if (message.saying === "released") {
      onReleased(message.name);
      return;
    }
    const isKnown = heardAt.has(message.holder);
    if (message.saying === "bye") heardAt.delete(message.holder);
    else heardAt.set(message.holder, performance.now());
    if (message.saying === "hello" && !hasLeft) say({ saying: "here" });
    if (message.saying !== "here" || !isKnown) onChange();
  });
  const endBeat = every({ ms: ttlMs / 3, work: () => say({ saying: "here" }) });

  function leave(): void {
    if (hasLeft) return;
    hasLeft = true;
    endBeat();
    say({ saying: "bye" });
  }

  return {
    sayReleased: (name) => say({ saying: "released", name }),
    leave,
    others() {
      const oldest = performance.now() - ttlMs;
      for (const [other, at] of heardAt) if (at < oldest) heardAt.delete(other);
      return heardAt.size;
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
