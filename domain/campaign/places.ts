import type { StepId } from "../ids.ts";

// The steps that members are at, of each version of their campaign, as numbers from 1; 0 is none.

type Place = readonly [version: number, step: StepId];

export class Places {
  readonly #all: Place[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(all: readonly Place[] = []) {
    for (const [version, step] of all) this.numberOf(version, step);
  }

  all(): readonly Place[] {
    return [...this.#all];
  }

  at(place: number): Place | readonly [version: 0, step: undefined] {
    return this.#all[place - 1] ?? [0, undefined];
  }

  numberOf(version: number, step: StepId): number {
    const name = `${version} ${step}`;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const made = this.#all.push([version, step]);
    this.#numbers.set(name, made);
    return made;
  }

  /** For each of these steps that somebody was at, whatever the version: the other, of that version. */
  migrated(version: number, steps: Readonly<Record<string, StepId>>): ReadonlyMap<number, number> {
    const known = [...this.#all.entries()];
    return new Map(
      known.flatMap(([n, [, step]]) => {
        const other = Object.hasOwn(steps, step) ? steps[step] : undefined;
        return other === undefined ? [] : [[n + 1, this.numberOf(version, other)] as const];
      }),
    );
  }
}
