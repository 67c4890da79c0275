// Asks how a reply sounds: the list of words that is built in, or a service outside, which may be slow, fail or hang.
import { sentimentOf } from "#domain/analysis/lexicon.ts";
import { AnalysisAnswer, type AnalysisService, type Sentiment } from "#domain/analysis/service.ts";
import type { MemberId } from "#domain/ids.ts";
import { createHttpCaller, type HttpCaller } from "#platform/http-call.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Metrics } from "#platform/metrics.ts";
import { backoffMs, pause } from "#platform/retry.ts";

export type Analysed =
  | { readonly sentiment: Sentiment }
  | { readonly failed: string; readonly attempts: number }
  /** This process may not go on with it. */
  | "interrupted";

export interface Analysis {
  ask(
    service: string,
    settings: AnalysisService,
    about: { readonly member_id: MemberId; readonly text: string },
    signal: AbortSignal,
  ): Promise<Analysed>;
  close(): Promise<void>;
}

type HttpService = Extract<AnalysisService, { type: "http" }>;

export function createAnalysis({
  allowPrivate,
  metrics,
}: {
  readonly allowPrivate: boolean;
  readonly metrics: Pick<Metrics, "retriesTotal">;
}): Analysis {
  const clients = new Map<string, Client>();
  const closed: Promise<void>[] = [];

  function clientOf(service: string, settings: HttpService): Client {
    const before = clients.get(service);
    // Another object with each change.
    if (before?.settings === settings) return before;
    if (before !== undefined) closed.push(before.close());
    const client = openClient(settings, allowPrivate);
    clients.set(service, client);
    return client;
  }

  return {
    async ask(service, settings, about, signal) {
      // Where nobody has said anything, nothing is good or bad about it.
      if (about.text.trim() === "") return { sentiment: "neutral" };
      if (settings.type === "builtin") return { sentiment: sentimentOf(about.text) };
      const { max_attempts, base_ms: baseMs, max_ms: maxMs } = settings.retry;
      for (let attempts = 1; ; attempts += 1) {
        const answer = await askOnce(clientOf(service, settings), about, signal);
        if (answer === "interrupted" || "sentiment" in answer) return answer;
        if (attempts >= max_attempts) return { ...answer, attempts };
        metrics.retriesTotal.inc({ stage: "campaign" });
        await pause(backoffMs(attempts - 1, { baseMs, maxMs }), signal);
        if (signal.aborted) return "interrupted";
      }
    },
    async close() {
      await Promise.all([...closed, ...Array.from(clients.values(), (one) => one.close())]);
    },
  };
}

interface Client {
  readonly settings: HttpService;
  readonly caller: HttpCaller;
  /** Resolves with what gives the slot back. Rejects with Reconfigured. */
  slot(): Promise<() => void>;
  close(): Promise<void>;
}

/** It is asked with other settings by now: whoever waited comes again, and asks by these. */
class Reconfigured extends Error {
  override name = "Reconfigured";
}

function openClient(settings: HttpService, allowPrivate: boolean): Client {
  const { url, concurrency, timeout_ms: timeoutMs } = settings;
  const waiting: PromiseWithResolvers<void>[] = [];
  let free = concurrency;
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next.resolve();
  };
  const caller = createHttpCaller({ url, concurrency, timeoutMs, keepAlive: true, allowPrivate });
  return {
    settings,
    caller,
    async slot() {
      if (free > 0) free -= 1;
      else {
        const turn = Promise.withResolvers<void>();
        waiting.push(turn);
        await turn.promise;
      }
      return release;
    },
    close() {
      for (const turn of waiting.splice(0))
        turn.reject(new Reconfigured("the analysis service is configured otherwise"));
      return caller.close();
    },
  };
}

async function askOnce(
  { caller, slot }: Client,
  about: { readonly member_id: MemberId; readonly text: string },
  abandon: AbortSignal,
): Promise<{ readonly sentiment: Sentiment } | { readonly failed: string } | "interrupted"> {
  const release = await slot();
  try {
    if (abandon.aborted) return "interrupted";
    const headers = {
      "content-type": "application/json",
      "user-agent": "switchyard",
      "idempotency-key": deterministicUuid("analysis", about.member_id, about.text),
    };
    const request = { method: "POST", headers, body: JSON.stringify(about) } as const;
    const response = await caller.call(request, { obstacle: () => undefined, abandon });
    if (!response.responded) {
      const { outcome, reason } = response.outcome;
      return outcome === "interrupted" || outcome === "not_called" ? "interrupted" : { failed: reason };
    }
    const { status, body } = response;
    if (status < 200 || status >= 300) return { failed: `http_${status}` };
    const answer = AnalysisAnswer.safeParse(asJson(body));
    return answer.success ? { sentiment: answer.data.sentiment } : { failed: "answered_with_no_sentiment" };
  } finally {
    release();
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
