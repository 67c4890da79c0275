// One wake-up per commit for all live subscribers, however many they are.

export class CommitBell {
  readonly #listeners = new Set<() => void>();

  readonly ring = (): void => {
    for (const listener of this.#listeners) listener();
  };

  /** Returns how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
