// A consumer of a persistent subscription that always does the same with what it gets, and remembers what that was.
import type {
  PersistentAction,
  PersistentSubscriptionToAll,
  PersistentSubscriptionToStream,
  RecordedEvent,
} from "@eventstore/db-client";
import { rejection } from "./client.ts";

type Subscription = PersistentSubscriptionToStream | PersistentSubscriptionToAll;

/** "hold" never answers. */
export type Answer = "ack" | "hold" | PersistentAction;

export class Consumer {
  readonly revisions: number[] = [];
  readonly retryCounts: number[] = [];
  readonly streams: string[] = [];
  readonly ids: string[] = [];
  readonly confirmed: Promise<void>;
  /** Resolves when the server ends the subscription, with its error if it gave one. */
  readonly ended: Promise<Error | undefined>;
  readonly #subscription: Subscription;

  constructor(subscription: Subscription, answer: (event: RecordedEvent, retryCount: number) => Answer) {
    this.#subscription = subscription;
    this.confirmed = new Promise((resolve) => subscription.once("confirmation", resolve));
    this.ended = new Promise((resolve) => {
      subscription.once("error", resolve);
      subscription.once("end", () => resolve(undefined));
    });
    subscription.on("data", (resolved) => {
      const { event, retryCount } = resolved;
      if (!event) return;
      this.revisions.push(Number(event.revision));
      this.retryCounts.push(retryCount);
      this.streams.push(event.streamId);
      this.ids.push(event.id);
      const chosen = answer(event, retryCount);
      if (chosen === "hold") return;
      const answered =
        chosen === "ack" ? subscription.ack(resolved) : subscription.nack(chosen, "on purpose", resolved);
      // A server that is gone can't be answered, and the tests look at what comes again.
      answered.catch(() => {});
    });
  }

  retryCountsOf(revision: number): number[] {
    return this.retryCounts.filter((_, index) => this.revisions[index] === revision);
  }

  async leave(): Promise<void> {
    await this.#subscription.unsubscribe();
    await this.ended;
  }
}

export function consume(
  subscription: Subscription,
  answer: Answer | ((event: RecordedEvent, retryCount: number) => Answer),
): Consumer {
  return new Consumer(subscription, typeof answer === "function" ? answer : () => answer);
}

/** The error with which the server refuses or drops a subscription. */
export function failureOf<E extends Error>(
  subscription: Subscription,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const ended = consume(subscription, "hold").ended;
  return rejection(
    ended.then((error) => {
      if (error) throw error;
    }),
    kind,
  );
}
