// Wakes all live subscriptions after a commit; while commits follow each other closely, once for several of them, because
// a message to a subscriber costs the server and the subscriber more than the event in it.

/** The first commit notifies at once; those that follow within this time notify together. */
const INTERVAL_MS = 2;

export class CommitNotifier {
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  readonly notify = (): void => {
    this.#isDue = this.#timer !== undefined;
    if (this.#isDue || this.#listeners.size === 0) return;
    for (const listener of this.#listeners) listener();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isDue) this.notify();
    }, INTERVAL_MS).unref();
  };

  /** Returns how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
