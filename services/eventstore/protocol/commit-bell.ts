// One wake-up per commit for all live subscribers, and while commits follow each other closely, one for several of them:
// a message to a subscriber costs the server more than the event in it, and the subscriber too.

/** A lone commit is told at once; what follows it within this time is told together. */
const REST_MS = 2;

export class CommitBell {
  readonly #listeners = new Set<() => void>();
  #rest: NodeJS.Timeout | undefined;
  #isDue = false;

  readonly ring = (): void => {
    this.#isDue = this.#rest !== undefined;
    if (this.#isDue || this.#listeners.size === 0) return;
    for (const listener of this.#listeners) listener();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (this.#isDue) this.ring();
    }, REST_MS).unref();
  };

  /** Returns how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
