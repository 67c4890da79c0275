// What each message says of the log: the relay reads there where to go on, so whoever publishes to the stream has to say it too.
import type { Bus } from "./bus.ts";

/** Where the event stands in the log. */
export const POSITION = "Switchyard-Position";
/** Everything up to here that is to be published is known to be in the stream before this message. */
export const RESUME = "Switchyard-Resume";

export function positionIn(
  message: { readonly headers: { get(name: string): string } | undefined },
  header: string,
): bigint | undefined {
  const text = message.headers?.get(header);
  return text ? BigInt(text) : undefined;
}

/** For a message out of its place: it says what the last one said, which holds for all that come after that one. */
export async function positionsOfLast(bus: Pick<Bus, "lastMessage">): Promise<Record<string, string>> {
  const last = await bus.lastMessage();
  const resume = last && positionIn(last, RESUME);
  return resume === undefined ? {} : { [POSITION]: `${resume}`, [RESUME]: `${resume}` };
}
