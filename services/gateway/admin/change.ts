// How a request changes what people configure: in bounded time, and done only when this process works by the change.
import type { FastifyReply } from "fastify";
import type { AnyDecision } from "#domain/decider.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import { byOf } from "../access/person.ts";
import { type Configuration, change } from "../configuration.ts";
import { APPEND_DEADLINE_MS, withinDeadline } from "../deadlines.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";

const IN_FORCE_MS = 5_000;

/** Gives the state after the change; `refusalOf` says what a decider's refusal means to the client. */
export function changer<State, Command, Made extends AnyDecision>(
  eventStore: EventStore,
  configuration: Configuration<State, Command, Made>,
  view: Pick<LiveView<unknown>, "reached">,
  refusalOf: (refused: Extract<Made, { accepted: false }>) => Refusal,
): (command: Command, reply: FastifyReply) => Promise<State> {
  return async (command, reply) => {
    const how = { by: byOf(reply.request), deadlineMs: APPEND_DEADLINE_MS };
    const changed = await withinDeadline(change(eventStore, configuration, command, how));
    if ("accepted" in changed) throw new Refused(refusalOf(changed));
    await inForce(view, changed.position);
    reply.header("x-position", `${changed.position}`);
    return changed.state;
  };
}

async function inForce(view: Pick<LiveView<unknown>, "reached">, position: bigint): Promise<void> {
  try {
    await view.reached(position, IN_FORCE_MS);
  } catch {
    const detail = "The change is stored, but not yet in force here; read it again in a moment";
    throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
  }
}
