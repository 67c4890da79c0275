// What the followers of a process want of the log, taken together: a process that follows its configuration alone is not sent what
// everybody else does. For each prefix it is known from where on the tail has had everything.

export class Interest {
  readonly #followers: (readonly string[])[] = [];
  /** What the tail asks the store for, none within another, and the position after which it has all of it. */
  #asked: ReadonlyMap<string, bigint> = new Map();

  get prefixes(): readonly string[] {
    return [...this.#asked.keys()];
  }

  /** `position` is where the tail stands. True when it has to ask for something else now. */
  add(prefixes: readonly string[], position: bigint): boolean {
    this.#followers.push(prefixes);
    return this.#askAnew(position);
  }

  remove(prefixes: readonly string[], position: bigint): boolean {
    this.#followers.splice(this.#followers.indexOf(prefixes), 1);
    return this.#askAnew(position);
  }

  /** After this position the tail has had everything of these streams. */
  since(prefixes: readonly string[]): bigint {
    return prefixes.reduce((latest, prefix) => max(latest, this.#askedSince(prefix) ?? latest), 0n);
  }

  #askAnew(position: bigint): boolean {
    const wanted = new Set(this.#followers.flat());
    const outermost = [...wanted].filter(
      (prefix) => ![...wanted].some((other) => other !== prefix && prefix.startsWith(other)),
    );
    const before = this.#asked;
    const asked = new Map(outermost.map((prefix) => [prefix, this.#askedSince(prefix) ?? position]));
    this.#asked = asked;
    return asked.size !== before.size || outermost.some((prefix) => !before.has(prefix));
  }

  #askedSince(prefix: string): bigint | undefined {
    for (const [asked, since] of this.#asked) if (prefix.startsWith(asked)) return since;
    return undefined;
  }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
