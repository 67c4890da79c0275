// Writes a value that only matters in its newest version: one write at a time, and what came meanwhile is the next.

const RETRY_MS = 1_000;

export class LatestWrite<T> {
  readonly #write: (value: T) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #waiting: { readonly value: T } | undefined;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #written: T | undefined;

  constructor(write: (value: T) => Promise<void>, onFailure: (error: unknown) => void) {
    this.#write = write;
    this.#onFailure = onFailure;
  }

  /** The newest value that is written. */
  get written(): T | undefined {
    return this.#written;
  }

  submit(value: T): void {
    this.#waiting = { value };
    this.#start();
  }

  /** Resolves when the last value is written, or was refused once more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#start();
    await this.#running;
  }

  #start(): void {
    if (this.#waiting) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#waiting) {
      const taken = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#write(taken.value);
        this.#written = taken.value;
      } catch (error) {
        this.#onFailure(error);
        this.#waiting ??= taken;
        if (!this.#closed) this.#retry = setTimeout(() => this.#start(), RETRY_MS).unref();
        break;
      }
    }
    this.#running = undefined;
  }
}
