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

export type Told = Accepted | (Ending & { readonly id: string });

export interface Answer {
  readonly answer: Told;
  /** A read model that has come so far knows what the answer tells. */
  readonly position: bigint;
}

const LONGEST_WAIT_S = 30;

export const hrefOf = ({ id }: Receipt): string => `/api/leads/${id}`;

/** Waits for the end where that is preferred; else, and when it takes too long, says that it is accepted. */
export async function answerTo(receipt: Receipt, headers: HeaderValues, endings: Endings): Promise<Answer> {
  const waitS = preferredWait(headers.prefer);
  const ended = waitS > 0 ? await endings.of(receipt, waitS * 1000) : undefined;
  if (ended === undefined) return { answer: acceptedAs(receipt), position: receipt.position };
  return { answer: { id: receipt.id, ...ended.ending }, position: ended.position };
}

export function acceptedAs(receipt: Receipt): Accepted {
  const { id, duplicate } = receipt;
  return { id, outcome: "accepted", href: hrefOf(receipt), ...(duplicate && { duplicate }) };
}

/** Seconds, from `Prefer: wait=N` (RFC 7240); 0 when there is no such wish. */
function preferredWait(prefer: HeaderValues[string]): number {
  const wish = /(?:^|[,;])\s*wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(String(prefer ?? ""));
  return Math.min(Number(wish?.[1] ?? 0), LONGEST_WAIT_S);
}
