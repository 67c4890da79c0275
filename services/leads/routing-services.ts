// Routing services as this process asks them. Each has its own slots, queue and circuit, so that a slow or dead one holds up nobody who
// does not ask it.
//
// 1. At most `concurrency` calls to a service are under way; a bounded number wait here, whoever is beyond comes again later.
// 2. While the circuit is open nobody is asked; once its time is over one call finds out, and the others wait for that.
// 3. Who may not go on leaves the queue at once: whoever takes over must not wait behind the questions of others.
import { PartnerId } from "#domain/ids.ts";
import { RoutingAnswer, type RoutingQuestion, type RoutingService } from "#domain/routing-service/service.ts";
import type { Decided } from "#domain/submission/events.ts";
import { wellFormed } from "#domain/well-formed.ts";
import { createHttpCaller, type HttpCaller } from "#platform/http-call.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import { Interrupted, type Retry, ServiceFailure, ServiceResting } from "./failure.ts";

export type Asked = NonNullable<Decided["asked"]>;

/** Rejects with ServiceFailure, ServiceResting or Interrupted. */
export type AskService = (
  service: string,
  settings: RoutingService,
  asking: ServiceQuestion,
  signal: AbortSignal,
) => Promise<Asked>;

export interface ServiceQuestion {
  readonly question: RoutingQuestion;
  readonly trace: string;
  readonly partnerExists: (id: PartnerId) => boolean;
}

export interface AskedServices {
  readonly ask: AskService;
  close(): Promise<void>;
}

export interface AskedServicesOptions {
  readonly allowPrivate: boolean;
  readonly log: Log;
  readonly openMs?: number;
}

const MAX_QUEUED = 256;
const MAX_FAILURES_IN_A_ROW = 5;
const OPEN_MS = 30_000;
/** For a slot, or for the call that finds out whether a service is well again. */
const SHORT_REST_MS = 1_000;
const MAX_REASON = 200;
const MAX_SHOWN = 60;

export function askedServices({ allowPrivate, log, openMs = OPEN_MS }: AskedServicesOptions): AskedServices {
  const clients = new Map<string, ServiceClient>();
  const closed: Promise<void>[] = [];

  function clientOf(service: string, settings: RoutingService): ServiceClient {
    const before = clients.get(service);
    // Another object with each change.
    if (before?.settings === settings) return before;
    if (before !== undefined) closed.push(before.close());
    const client = serviceClient(service, settings, { allowPrivate, log, openMs });
    clients.set(service, client);
    return client;
  }

  return {
    ask: (service, settings, asking, signal) => clientOf(service, settings).ask(asking, signal),
    async close() {
      await Promise.all([...closed, ...Array.from(clients.values(), (client) => client.close())]);
    },
  };
}

interface ServiceClient {
  readonly settings: RoutingService;
  ask(asking: ServiceQuestion, signal: AbortSignal): Promise<Asked>;
  close(): Promise<void>;
}

function serviceClient(
  service: string,
  settings: RoutingService,
  { allowPrivate, log, openMs }: Required<AskedServicesOptions>,
): ServiceClient {
  const { url, timeout_ms: timeoutMs, concurrency } = settings;
  const caller = createHttpCaller({ url, concurrency, timeoutMs, keepAlive: true, allowPrivate });
  const retry: Retry = {
    maxTries: settings.retry.max_attempts,
    backoff: { baseMs: settings.retry.base_ms, maxMs: settings.retry.max_ms },
  };
  const queue: PromiseWithResolvers<void>[] = [];
  let underWay = 0;
  let failures = 0;
  let openUntil = 0;
  let probing = false;

  const isOpen = (): boolean => failures >= MAX_FAILURES_IN_A_ROW;

  function refuseWhileOpen(): void {
    if (!isOpen()) return;
    const left = openUntil - performance.now();
    if (left > 0) throw new ServiceResting(service, left + Math.random() * SHORT_REST_MS); // 2
    if (probing) throw new ServiceResting(service, SHORT_REST_MS);
    probing = true;
  }

  async function slot(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new Interrupted();
    if (underWay < concurrency) {
      underWay += 1;
      return;
    }
    if (queue.length >= MAX_QUEUED)
      throw new ServiceResting(service, SHORT_REST_MS * (1 + Math.random() * 2)); // 1
    const turn = Promise.withResolvers<void>();
    const onAbort = (): void => {
      const place = queue.indexOf(turn);
      // Else it has its slot already, and gives it back.
      if (place < 0) return;
      queue.splice(place, 1);
      turn.reject(new Interrupted());
    };
    queue.push(turn);
    signal.addEventListener("abort", onAbort); // 3
    await turn.promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** Whoever waits longest has it from here on. */
  function freeSlot(): void {
    const next = queue.shift();
    if (next === undefined) underWay -= 1;
    else next.resolve();
  }

  function settle(isWell: boolean): void {
    const wasOpen = isOpen();
    probing = false;
    failures = isWell ? 0 : failures + 1;
    if (isOpen()) openUntil = performance.now() + openMs;
    if (isOpen() !== wasOpen)
      log.warn(
        { service, failures },
        isOpen() ? "routing service circuit opened" : "routing service circuit closed",
      );
  }

  async function ask(
    { question, trace, partnerExists }: ServiceQuestion,
    signal: AbortSignal,
  ): Promise<Asked> {
    await slot(signal);
    try {
      if (signal.aborted) throw new Interrupted();
      refuseWhileOpen();
      const response = await called(caller, service, question, trace, signal);
      if ("interrupted" in response) {
        probing = false;
        throw new Interrupted();
      }
      settle(response.isWell);
      if (!("text" in response)) throw new ServiceFailure(service, response.reason, retry);
      const answer = RoutingAnswer.safeParse(asJson(response.text));
      if (!answer.success) throw new ServiceFailure(service, "answered with no partner", retry);
      const partner = PartnerId.safeParse(answer.data.partner);
      if (!partner.success || !partnerExists(partner.data)) {
        const named = JSON.stringify(wellFormed(answer.data.partner, MAX_SHOWN));
        throw new ServiceFailure(service, `answered with ${named}, which is no partner`, retry);
      }
      const { reason } = answer.data;
      return {
        service,
        partner: partner.data,
        ...(reason !== undefined && { reason: wellFormed(reason, MAX_REASON) }),
      };
    } finally {
      freeSlot();
    }
  }

  return {
    settings,
    ask,
    close() {
      // Whoever waits comes again, and asks by the settings that there are then.
      for (const turn of queue.splice(0)) turn.reject(new Interrupted());
      return caller.close();
    },
  };
}

type Called =
  | { readonly isWell: true; readonly text: string }
  | { readonly isWell: boolean; readonly reason: string }
  | { readonly interrupted: true };

async function called(
  caller: HttpCaller,
  service: string,
  question: RoutingQuestion,
  trace: string,
  signal: AbortSignal,
): Promise<Called> {
  const response = await caller.call(
    {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "switchyard",
        // The same however often it is asked about this submission.
        "idempotency-key": deterministicUuid("ask", service, question.id, question.rule),
        traceparent: `00-${trace}-${deterministicUuid(trace).replaceAll("-", "").slice(0, 16)}-01`,
      },
      body: JSON.stringify(question),
    },
    { obstacle: () => undefined, abandon: signal },
  );
  if (!response.responded) {
    const { outcome, reason } = response.outcome;
    return outcome === "interrupted" || outcome === "not_called"
      ? { interrupted: true }
      : { isWell: false, reason };
  }
  const { status, body } = response;
  if (status >= 200 && status < 300) return { isWell: true, text: body };
  // What it refuses it has at least understood.
  return { isWell: status < 500 && status !== 429 && status !== 408, reason: `answered with http ${status}` };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
