import type { Stage } from "#domain/submission/events.ts";
import { ImpossibleHistory } from "#domain/submission/state.ts";
import { BusError } from "#platform/bus/bus.ts";
import { UnreadableEvent } from "#platform/event-store/codec.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import { UnknownEventType } from "#platform/fold-stream.ts";
import type { Health } from "#platform/health.ts";
import type { Backoff } from "#platform/retry.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";

/** This submission could not pass the stage; another try may help, or an operator. */
export class StageFailure extends Error {
  override name = "StageFailure";
  readonly stage: Stage;

  constructor(stage: Stage, reason: string) {
    super(reason);
    this.stage = stage;
  }
}

/** How often this submission may be tried, and how long it waits in between, where its stage says that itself. */
export interface Retry {
  readonly maxTries: number;
  readonly backoff: Backoff;
}

/** A routing service did not answer as it should; how often it is asked is its own setting. */
export class ServiceFailure extends StageFailure {
  override name = "ServiceFailure";
  readonly retry: Retry;

  constructor(service: string, reason: string, retry: Retry) {
    super("route", `routing service ${service}: ${reason}`);
    this.retry = retry;
  }
}

/** A routing service is not asked just now, by no fault of this submission. */
export class ServiceResting extends Error {
  override name = "ServiceResting";
  readonly service: string;
  readonly forMs: number;

  constructor(service: string, forMs: number) {
    super(`routing service ${service} is not asked just now`);
    this.service = service;
    this.forMs = forMs;
  }
}

/** This process may not go on with it. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

export type Failure =
  /** Not the submission's fault: it waits until what is missing is back, however long. */
  | { readonly type: "outage" }
  /** Its stream holds an event that this release can't read: a process of another release may. */
  | { readonly type: "unreadable"; readonly reason: string }
  /** One of its tries is used up. */
  | {
      readonly type: "failed";
      readonly stage: Stage;
      readonly reason: string;
      readonly retry?: Retry;
    }
  /** It comes again after this time, and no try is used up. */
  | { readonly type: "resting"; readonly service: string; readonly forMs: number };

export async function failureOf(error: unknown, health: Health): Promise<Failure> {
  if (error instanceof ServiceFailure)
    return { type: "failed", stage: error.stage, reason: error.message, retry: error.retry };
  if (error instanceof ServiceResting) return { type: "resting", service: error.service, forMs: error.forMs };
  if (error instanceof StageFailure) return { type: "failed", stage: error.stage, reason: error.message };
  if (error instanceof BusError || error instanceof EventStoreUnavailable) return { type: "outage" };
  if (
    error instanceof UnknownEventType ||
    error instanceof UnreadableEvent ||
    error instanceof ImpossibleHistory
  )
    return { type: "unreadable", reason: error.message };
  // Whoever runs this process has to give it a key; no submission is to blame.
  if (error instanceof UnknownMasterKey) return { type: "outage" };
  // A broken connection has many shapes: whether something is down tells more than the error.
  const { ready } = await health.ready();
  if (!ready) return { type: "outage" };
  // The message of an unknown error may quote what it was about; its class does not.
  return { type: "failed", stage: "identify", reason: error instanceof Error ? error.name : "unknown error" };
}
