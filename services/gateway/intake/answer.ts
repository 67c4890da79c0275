// What a producer is told about a submission that was taken in, over every transport that answers.
import type { HeaderValues } from "#platform/webhooks.ts";
import type { Ending, Endings } from "./endings.ts";
import type { Receipt } from "./store.ts";

export interface Accepted {
  readonly id: string;
  readonly outcome: "accepted";
  readonly href: string;
  readonly duplicate?: true;
}

export type Ended = Ending & { readonly id: string };

const LONGEST_WAIT_S = 30;

export const hrefOf = ({ id }: Receipt): string => `/api/leads/${id}`;

/** Waits for the end where that is preferred; else, and when it takes too long, says that it is accepted. */
export async function answerTo(
  receipt: Receipt,
  headers: HeaderValues,
  endings: Endings,
): Promise<Accepted | Ended> {
  const { id, duplicate } = receipt;
  const waitS = preferredWait(headers.prefer);
  const ending = waitS > 0 ? await endings.of(receipt, waitS * 1000) : undefined;
  if (ending !== undefined) return { id, ...ending };
  return { id, outcome: "accepted", href: hrefOf(receipt), ...(duplicate && { duplicate }) };
}

/** Seconds, from `Prefer: wait=N` (RFC 7240); 0 when there is no such wish. */
function preferredWait(prefer: HeaderValues[string]): number {
  const wish = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:[,;]|$)/i.exec(String(prefer ?? ""));
  return Math.min(Number(wish?.[1] ?? 0), LONGEST_WAIT_S);
}
