// Leads for the console to show, handed in as producers do.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { until } from "../../harness/wait.ts";

const INTERESTS = ["Education", "Finance", "Travel"];
const PER_BATCH = 5_000;
const BATCHES_AT_ONCE = 2;
const DRAIN_MS = 1_800_000;

export interface Producer {
  readonly url: string;
  readonly token: string;
  readonly source: string;
  readonly secret: string;
}

/** Each of another person. */
function lineOf({ secret }: Producer, n: number): string {
  const id = randomUUID();
  const body = JSON.stringify({
    email: `person-${id}@example.com`,
    full_name: `Person number ${n}`,
    country: n % 2 === 0 ? "US" : "NL",
    interest: INTERESTS[n % INTERESTS.length],
  });
  return JSON.stringify({ ...signedHeaders(parseSecret(secret), id, body), body });
}

async function batch(producer: Producer, lines: readonly string[]): Promise<void> {
  const response = await fetch(`${producer.url}/api/submit/batch`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", "x-source": producer.source },
    body: lines.join("\n"),
  });
  const answers = (await response.text()).trim().split("\n");
  const refused = answers.filter((answer) => JSON.parse(answer).status !== 202);
  if (refused.length > 0 || answers.length !== lines.length)
    throw new Error(`${refused.length} of ${lines.length} lines were refused: ${refused[0] ?? answers[0]}`);
}

/** So many, and all of them at their end and in the lists. */
export async function handIn(producer: Producer, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const [from, to] = [next, Math.min(next + PER_BATCH, count)];
      next = to;
      await batch(
        producer,
        Array.from({ length: to - from }, (_, n) => lineOf(producer, from + n)),
      );
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
  await until("all leads are at their end", async () => (await ended(producer)) >= count, DRAIN_MS);
}

async function ended({ url, token }: Producer): Promise<number> {
  const response = await fetch(`${url}/api/stats?bucket=day`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { items } = (await response.json()) as { items: readonly Record<string, number>[] };
  const fields = ["delivered", "rejected", "duplicate", "unrouted", "dead_lettered"];
  await pause(250);
  return items.reduce((sum, item) => sum + fields.reduce((all, field) => all + (item[field] ?? 0), 0), 0);
}

/** So many a second, evenly, until told to stop; gives how many there were. */
export async function trickle(producer: Producer, perSecond: number, signal: AbortSignal): Promise<number> {
  const [everyMs, began] = [50, performance.now()];
  let sent = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond) - sent;
    if (due > 0)
      await batch(
        producer,
        Array.from({ length: due }, (_, n) => lineOf(producer, sent + n)),
      );
    sent += due;
    await pause(everyMs);
  }
  return sent;
}
